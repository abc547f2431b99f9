"""Mutants of model folders by someone who knows what they hold: each is well formed, and each checksum is right.

Used by fuzz.py as its third kind.
"""

import hashlib
import json
import struct
from collections.abc import Callable

import numpy as np
import onnx

NUMBERS = [0, 1, -1, 2, 3, 5, 7, 16, 255, 2**16, 2**31 - 1, -(2**31), 2**31, 2**32, 2**53, 2**62, 2**63 - 1, -(2**63)]
REALS = [0.0, -1.0, 0.5, 1e-45, 1e38, -1e38, float("inf"), float("-inf"), float("nan")]
TEXTS = ["", "otsu", "nuclei", "median(size=99)", "/etc/passwd", "../small", "x" * 3000, "(" * 500, "\0", "a | b", "'"]
TEXTS += ["unet(width=9999999)", "resize(height=30000)", "gaussian(sigma=1e9)", "remove_small(area=-1)", "\x1b[2J"]
TEXTS += ["median(size=999999999)", "clahe(tiles=100000)", "crop(row0=5, row1=6)", "label", "fill_holes(area=1e300)"]
OPERATORS = ["Tile", "Expand", "Resize", "Range", "ConstantOfShape", "Loop", "If", "Scan", "Pad", "Gather", "Reshape"]
OPERATORS += [
    "MaxPool",
    "ConvTranspose",
    "DepthToSpace",
    "OneHot",
    "Einsum",
    "GridSample",
    "RoiAlign",
    "NonZero",
    "GRU",
]
OPERATORS += ["Concat", "Split", "Squeeze", "TopK", "CumSum", "ScatterND", "Upsample", "Compress", "Unique", "STFT"]


def damage(files: dict[str, bytes], random: np.random.Generator) -> dict[str, bytes]:
    """Change a model folder in one to three places and make its checksums right."""
    files = dict(files)
    for _ in range(random.integers(1, 4)):
        name = _pick(["card.json", "model.onnx", "model.onnx", "weights.safetensors"], random)
        if random.random() < 0.03:
            files[name] = files[_pick(list(files), random)]
        else:
            files[name] = WAYS[name](files[name], random)
    try:
        card = json.loads(files["card.json"])
        card["checksums"] = {
            name: hashlib.sha256(data).hexdigest() for name, data in files.items() if "card" not in name
        }
        files["card.json"] = json.dumps(card).encode()
    except (ValueError, TypeError):
        pass  # it is no card any more
    return files


def _pick(choices: list, random: np.random.Generator):
    return choices[int(random.integers(len(choices)))]


def _value(random: np.random.Generator):
    """Something that a JSON file can hold."""
    simple = [*NUMBERS, *REALS[:6], *TEXTS, None, True, False, [], {}]
    kind = random.integers(4)
    if kind == 0:
        return [_pick(simple, random) for _ in range(random.integers(4))]
    return {"a": _pick(simple, random)} if kind == 1 and random.random() < 0.2 else _pick(simple, random)


def _json(value, random: np.random.Generator):
    """Change one thing in a JSON value."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        key = _pick(list(value), random)
        if random.random() < 0.1:
            return {name: part for name, part in value.items() if name != key}
        return value | {key: _json(value[key], random)}
    if isinstance(value, list) and value and random.random() < 0.6:
        place = int(random.integers(len(value)))
        return [*value[:place], _json(value[place], random), *value[place + 1 :]]
    return _value(random)


def _card(data: bytes, random: np.random.Generator) -> bytes:
    try:
        return json.dumps(_json(json.loads(data), random)).encode()
    except ValueError:
        return data


def _weights(data: bytes, random: np.random.Generator) -> bytes:
    try:
        length = struct.unpack("<Q", data[:8])[0]
        header = json.dumps(_json(json.loads(data[8 : 8 + length]), random)).encode()
        return struct.pack("<Q", len(header)) + header + data[8 + length :]
    except (ValueError, struct.error, RecursionError):
        return data


def _network(data: bytes, random: np.random.Generator) -> bytes:
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except Exception:
        return data
    if not model.graph.node:
        return data
    _pick([_attribute, _attribute, _tensor, _tensor, _tensor, _operator, _edge, _less, _type], random)(
        model.graph, random
    )
    try:
        return model.SerializeToString()
    except Exception:
        return data


def _attribute(graph: onnx.GraphProto, random: np.random.Generator) -> None:
    node = _pick(list(graph.node), random)
    if not node.attribute or random.random() < 0.3:
        name = _pick(
            ["axis", "group", "strides", "pads", "dilations", "kernel_shape", "to", "mode", "perm", "axes"], random
        )
        node.attribute.append(onnx.helper.make_attribute(name, [int(n) for n in random.choice(8, 2)]))
        return
    given = _pick(list(node.attribute), random)
    if given.ints:
        given.ints[int(random.integers(len(given.ints)))] = _pick(NUMBERS, random)
    else:
        given.i = _pick(NUMBERS, random)


def _tensor(graph: onnx.GraphProto, random: np.random.Generator) -> None:
    """Change numbers of a tensor, mostly of those that are shapes, counts and places."""
    whole = [tensor for tensor in graph.initializer if tensor.data_type in (6, 7)]
    tensor = (
        _pick(whole or list(graph.initializer), random)
        if random.random() < 0.7
        else _pick(list(graph.initializer), random)
    )
    values = onnx.numpy_helper.to_array(tensor).copy()
    if not values.size:
        return
    with np.errstate(all="ignore"):
        pool = np.array(NUMBERS if values.dtype.kind in "iu" else REALS, object)
        number = _pick(list(pool), random)
        values.flat[int(random.integers(values.size))] = np.array(
            number % 2**32 - 2**31 if values.dtype == np.int32 else number
        )
    if random.random() < 0.2:
        values = np.resize(values, [int(n) for n in random.integers(0, 4, random.integers(0, 4))])
    tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))


def _operator(graph: onnx.GraphProto, random: np.random.Generator) -> None:
    node = _pick(list(graph.node), random)
    node.op_type = _pick([*OPERATORS, *(other.op_type for other in graph.node)], random)


def _edge(graph: onnx.GraphProto, random: np.random.Generator) -> None:
    node = _pick(list(graph.node), random)
    known = [name for other in graph.node for name in other.output] + [tensor.name for tensor in graph.initializer]
    if node.input:
        node.input[int(random.integers(len(node.input)))] = _pick([*known, ""], random)


def _less(graph: onnx.GraphProto, random: np.random.Generator) -> None:
    part = _pick([graph.node, graph.initializer, graph.output, graph.input], random)
    if part:
        del part[int(random.integers(len(part)))]


def _type(graph: onnx.GraphProto, random: np.random.Generator) -> None:
    value = _pick([*graph.input, *graph.output], random) if graph.input and graph.output else None
    if value is not None:
        value.type.tensor_type.elem_type = int(random.integers(0, 24))
        for side in value.type.tensor_type.shape.dim:
            side.dim_value = _pick(NUMBERS, random)


WAYS: dict[str, Callable] = {"card.json": _card, "model.onnx": _network, "weights.safetensors": _weights}
