"""From the trained network to the file that ships: ONNX, weights in eight bits."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx
import tokenizers
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process

from pipeline.language.wordpieces import FEATURES
from training.model import Tagger

OPSET = 18


def export(model: Tagger, path: Path) -> None:
    """Write the network as ONNX, quantised.

    Weights are rounded to seven of eight bits: without VNNI, processors add products of full eight bits in sixteen and
    cut what does not fit, so that an article would get other tags on another machine
    far more often than rounding alone brings about.
    """
    model = model.eval()
    length = torch.export.Dim("length", min=3, max=model.shape.positions)
    ids = torch.zeros(1, 20, dtype=torch.int64)
    features = torch.zeros(1, len(FEATURES), 20, dtype=torch.int64)
    with tempfile.TemporaryDirectory() as folder:
        whole, ready = Path(folder) / "whole.onnx", Path(folder) / "ready.onnx"
        torch.onnx.export(
            model,
            (ids, features),
            whole,
            input_names=["ids", "features"],
            output_names=["labels", "links", "names"],
            dynamic_shapes=({1: length}, {2: length}),
            opset_version=OPSET,
            external_data=False,
            dynamo=True,
            verbose=False,
        )
        quant_pre_process(whole, ready, skip_symbolic_shape=True)
        quantize_dynamic(
            ready,
            path,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            op_types_to_quantize=["MatMul", "Gemm", "Gather"],
        )
    _strip(path)


def _strip(path: Path) -> None:
    """Leave out what tells of the machine it was made on."""
    proto = onnx.load(path)
    proto.doc_string = ""
    del proto.metadata_props[:]
    for node in proto.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.save(proto, path)


def write_tokenizer(base: Path, path: Path) -> None:
    """Write the tokenizer without its limits: a long sentence is not cut short."""
    tokenizer = tokenizers.Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(path), pretty=False)
