"""A generator of 8 x 8 pixels that needs no training: each pixel is a sum of the noise."""

import hashlib
import json
from pathlib import Path

import numpy as np
import safetensors.numpy
from onnx import TensorProto, helper, numpy_helper

LATENT = 16


def write_generator(folder: Path) -> Path:
    """Write the folder of a generator that is sound."""
    folder.mkdir(parents=True)
    mix = np.random.default_rng(0).standard_normal((LATENT, 64)).astype(np.float32)
    tensors = [numpy_helper.from_array(mix, "mix"), numpy_helper.from_array(np.array([-1, 8, 8, 1]), "shape")]
    nodes = [
        helper.make_node("MatMul", ["row", "mix"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["open"]),
        helper.make_node("Tanh", ["open"], ["image"]),
    ]
    row = helper.make_tensor_value_info("row", TensorProto.FLOAT, ["n", LATENT])
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 8, 8, 1])
    graph = helper.make_graph(nodes, "test", [row], [image], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    files = {"model.onnx": model.SerializeToString(), "weights.safetensors": safetensors.numpy.save({"mix": mix})}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    card = {
        "kind": "generator",
        "summary": "A test.",
        "gan": "dcgan",
        "shape": [8, 8, 1],
        "dtype": "uint8",
        "latent": [LATENT],
        "condition": "none",
        "classes": [],
        "checksums": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    (folder / "card.json").write_text(json.dumps(card))
    return folder
