"""Export the trained network to the file that ships: ONNX with weights in eight bits."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx
import tokenizers
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process

from pipeline.language.wordpieces import FEATURES
from training.model import Network

OPSET = 18


def export(model: Network, path: Path) -> None:
    """Write the network as quantised ONNX.

    Weights use seven of their eight bits. Processors without VNNI add products in sixteen bits and saturate, so full
    eight bits would give an article other tags on another machine, far more often than rounding does.
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
    _remove_traces(path)


def _remove_traces(path: Path) -> None:
    """Remove the traces of the machine that the file was made on."""
    proto = onnx.load(path)
    proto.doc_string = ""
    del proto.metadata_props[:]
    for node in proto.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.save(proto, path)


def write_tokenizer(base: Path, path: Path) -> None:
    """Write the tokenizer without truncation and padding."""
    tokenizer = tokenizers.Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(path), pretty=False)
