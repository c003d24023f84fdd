"""How the language model is made: annotated articles in, one ONNX file out. Run by ``make train``."""
