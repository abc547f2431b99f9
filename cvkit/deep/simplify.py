"""Two rewritings of an exported network that save time and memory, and change no answer by more than rounding.

What Keras writes of nearest-neighbour up-sampling is seven nodes that copy; ONNX has one. And a convolution of two
feature maps laid side by side is the sum of one convolution of each: they need not be laid side by side, which for a
U-Net at full size is the largest array of all.
"""

from collections import Counter

import numpy as np
import onnx
from onnx import helper, numpy_helper

# A map is repeated along rows, then along columns.
REPEAT = ("Unsqueeze", "Tile", "Transpose", "Reshape", "Unsqueeze", "Tile", "Reshape")


def simplify(model: onnx.ModelProto) -> onnx.ModelProto:
    """Rewrite a network as exported by Keras, in place; what is not as expected is left as it is.

    Parameters
    ----------
    model : onnx.ModelProto

    Returns
    -------
    model : onnx.ModelProto
        The same.
    """
    nodes = list(model.graph.node)
    for node in nodes:
        chain = _chain(node, model.graph)
        if chain:
            _upsample(chain, model.graph)
    sizes = _channels(model)
    for node in nodes:
        if node.op_type == "Concat":
            _add_instead(node, sizes, model.graph)
    _sweep(model.graph)
    onnx.checker.check_model(model)
    return model


def _chain(node: onnx.NodeProto, graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The nodes from this one on that repeat a map by two along both axes; none if it begins no such chain."""
    chain = [node]
    for _ in REPEAT[1:]:
        name = chain[-1].output[0]
        users = [other for other in graph.node if other.input and other.input[0] == name and other.op_type != "Shape"]
        if len(users) != 1:
            return []
        chain += users
    known = tuple(one.op_type for one in chain) == REPEAT
    return chain if known and all(_factor(tile, graph) == 2 for tile in (chain[1], chain[5])) else []


def _factor(tile: onnx.NodeProto, graph: onnx.GraphProto) -> int:
    """How often a node repeats, 0 if it is not known."""
    return next((int(numpy_helper.to_array(one).prod()) for one in graph.initializer if one.name == tile.input[1]), 0)


def _upsample(chain: list, graph: onnx.GraphProto) -> None:
    """Put one node in the place of a chain; maps are (N, C, H, W) before it and (N, H, W, C) after it."""
    out = chain[-1].output[0]
    scales = numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), f"{out} scales")
    graph.initializer.append(scales)
    how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    larger = helper.make_node("Resize", [chain[0].input[0], "", scales.name], [f"{out} resized"], **how)
    _replace(chain[-1], [larger, helper.make_node("Transpose", [f"{out} resized"], [out], perm=[0, 2, 3, 1])], graph)


def _channels(model: onnx.ModelProto) -> dict[str, int]:
    """The number of channels of each map (N, C, H, W), as far as it is known."""
    found = {}
    for value in onnx.shape_inference.infer_shapes(model).graph.value_info:
        sides = value.type.tensor_type.shape.dim
        if len(sides) == 4:
            found[value.name] = sides[1].dim_value
    return found


def _add_instead(concat: onnx.NodeProto, sizes: dict[str, int], graph: onnx.GraphProto) -> None:
    """Convolve each of two maps and add, where they are laid side by side for one convolution alone."""
    users = [node for node in graph.node if concat.output[0] in node.input]
    if len(users) != 1 or users[0].op_type != "Conv" or len(concat.input) != 2:
        return
    (conv,) = users
    weights = next((numpy_helper.to_array(one) for one in graph.initializer if one.name == conv.input[1]), None)
    first, second = (sizes.get(name, 0) for name in concat.input)
    if weights is None or not (first or second) or any(one.name == "group" and one.i > 1 for one in conv.attribute):
        return
    first = first or weights.shape[1] - second
    out, parts = conv.output[0], []
    for number, (name, part) in enumerate(zip(concat.input, np.split(weights, [first], axis=1), strict=True)):
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(part), f"{out} weights {number}"))
        bias = list(conv.input[2:]) if number == 0 else []
        parts.append(helper.make_node("Conv", [name, f"{out} weights {number}", *bias], [f"{out} {number}"]))
        parts[-1].attribute.extend(conv.attribute)
    _replace(conv, [*parts, helper.make_node("Add", [f"{out} 0", f"{out} 1"], [out])], graph)


def _replace(node: onnx.NodeProto, others: list, graph: onnx.GraphProto) -> None:
    place = list(graph.node).index(node)
    graph.node.remove(node)
    for other in reversed(others):
        graph.node.insert(place, other)


def _sweep(graph: onnx.GraphProto) -> None:
    """Remove nodes and weights that nothing uses any more."""
    while True:
        used = Counter(name for node in graph.node for name in node.input)
        used.update(value.name for value in graph.output)
        idle = [node for node in graph.node if not any(used[name] for name in node.output)]
        if not idle:
            break
        for node in idle:
            graph.node.remove(node)
    for weights in [one for one in graph.initializer if not used[one.name]]:
        graph.initializer.remove(weights)
