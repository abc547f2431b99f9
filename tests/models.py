"""Small model folders, sound or not, that several tests and benchmarks/fuzz_models.py begin with."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import safetensors.numpy
from onnx import TensorProto, helper, numpy_helper

CARD = {
    "summary": "A test.",
    "network": "unet(width=4, depth=1)",
    "channels": 1,
    "classes": ["background", "object"],
    "answer": "mask",
    "foreground": [1],
    "contact": [],
    "preprocess": "normalize",
    "postprocess": "remove_small(area=2)",
    "halo": 1,
    "stride": 1,
}


def network(*, weight=8.0, classes=2, more=(), initializers=(), **graph) -> onnx.ModelProto:
    """A 3 x 3 convolution and a softmax, in Keras' layout: the brighter a pixel, the more it is foreground."""
    kernel = np.zeros((classes, 1, 3, 3), np.float32)
    kernel[-1, 0, 1, 1] = weight
    bias = np.zeros(classes, np.float32)
    bias[-1] = -weight / 2
    nodes = [
        helper.make_node("Transpose", ["image"], ["first"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "Conv", ["first", "kernel", "bias"], ["logits"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=1
        ),
        helper.make_node("Softmax", ["logits"], ["share"], axis=1),
        helper.make_node("Transpose", ["share"], ["answer"], perm=[0, 2, 3, 1]),
        *more,
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", "h", "w", 1])
    answer = helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["n", "h", "w", classes])
    tensors = [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(bias, "bias"), *initializers]
    made = helper.make_graph(nodes, "test", graph.get("inputs", [image]), [answer], tensors)
    domains = [helper.make_opsetid("", 15)]
    return helper.make_model(made, opset_imports=domains, ir_version=8, functions=graph.get("functions", []))


def write_model(folder: Path, content: bytes | None = None, weights: bytes | None = None, **fields) -> Path:
    """Write a model folder whose checksums are right, whatever it holds."""
    folder.mkdir(parents=True, exist_ok=True)
    content = network().SerializeToString() if content is None else content
    if weights is None:
        weights = safetensors.numpy.save({"kernel": np.ones((3, 3, 1, 2), np.float32), "bias": np.zeros(2, np.float32)})
    files = {"model.onnx": content, "weights.safetensors": weights}
    for name, given in files.items():
        (folder / name).write_bytes(given)
    sums = {name: hashlib.sha256(given).hexdigest() for name, given in files.items()}
    (folder / "card.json").write_text(json.dumps(CARD | {"checksums": sums} | fields))
    return folder
