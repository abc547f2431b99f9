"""What an ONNX file would make an engine do, found out before an engine sees it.

Only what a network of cvkit can be is let through: operators that one needs, weights inside of the file, no control
flow, no functions, one input, on which everything depends. https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

import math
import struct
from collections import Counter
from dataclasses import dataclass, field

from cvkit.deep import wire
from cvkit.deep.onnx_bounds import FEW, REMEDY, Node, check_nodes
from cvkit.deep.onnx_bounds import unsafe as _unsafe
from cvkit.errors import CvkitError

PARAMETERS = 300_000_000  # the most that a model may hold; 1.2 GB of float32
NODES = 50_000
STANDARD = ("", "ai.onnx")

# Bytes of an element by the number of its type: float32, uint8, int8, uint16, int16, int32, int64, (text), bool,
# float16, float64, uint32, uint64, (complex), (complex), bfloat16.
ITEMS = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}
FLOAT = 1
NUMBERS = {1: "f", 6: "i", 7: "q", 11: "d"}  # as `struct` calls them: the types that may say sizes
# The fields of a tensor that hold one number for each element, where its bytes are not given as they are.
TYPED = {4: 4, 5: 1, 7: 1, 10: 8, 11: 1}

# Attributes with which an engine divides, counts or allocates, and what they may be.
RANGES = {
    "strides": (1, 1024),
    "dilations": (1, 4096),
    "kernel_shape": (1, 4096),
    "output_shape": (1, 1 << 20),
    "pads": (0, 4096),
    "output_padding": (0, 4096),
    "group": (1, 1 << 16),
    "num_groups": (1, 1 << 16),
    "blocksize": (1, 64),
    "axis": (-8, 7),
    "axes": (-8, 7),
    "perm": (0, 7),
    "start": (-8, 8),
    "end": (-8, 8),
    "to": (1, 16),
    "dtype": (1, 16),
    "ceil_mode": (0, 1),
    "allowzero": (0, 1),
    "keepdims": (0, 1),
}


@dataclass
class Network:
    """What an ONNX file holds, as far as cvkit looks at it."""

    version: int = 0  # of the operators of the standard
    parameters: int = 0  # numbers in all tensors
    operators: Counter = field(default_factory=Counter)
    inputs: dict[str, tuple] = field(default_factory=dict)  # name -> type and shape, None where a side may vary
    outputs: dict[str, tuple] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, tuple] = field(default_factory=dict)  # that lie in the file: their elements, these if few


def inspect_onnx(content: bytes) -> Network:
    """Walk over an ONNX file and refuse what no network of cvkit holds.

    Parameters
    ----------
    content : bytes
        Of the file.

    Returns
    -------
    network : Network

    Raises
    ------
    CvkitError
        With the code ``model-damaged`` if it is no complete ONNX file, ``model-unsafe`` if it has weights in other
        files, operators that no network of cvkit needs, functions, control flow, sparse tensors, numbers that no
        network has, or something that does not depend on the input; ``model-too-large`` if it holds more than 300
        million parameters or 50,000 nodes.
    """
    network = Network()
    for number, kind, value in wire.fields(memoryview(content)):
        if number == 7:
            _graph(wire.message(kind, value), network)
        elif number == 8:
            _operator_set(wire.message(kind, value), network)
        elif number == 20:
            raise _unsafe("it holds steps of a training")
        elif number == 25:
            raise _unsafe("it holds functions of its own")
    if not network.operators or not network.version:
        raise CvkitError("model-damaged", came="the ONNX file holds no network", remedy="copy the model anew")
    given = [name for name in network.inputs if name not in network.tensors]
    if len(given) != 1 or not network.outputs:
        raise _unsafe(f"it has {len(given)} inputs and {len(network.outputs)} outputs, not one input")
    network.inputs = {given[0]: network.inputs[given[0]]}
    check_nodes(network.nodes, network.tensors, given[0])
    return network


def _graph(graph: memoryview, network: Network) -> None:
    for number, kind, value in wire.fields(graph):
        if number == 1:
            _node(wire.message(kind, value), network)
        elif number == 5:
            network.tensors |= _tensor(wire.message(kind, value), network)
        elif number == 11:
            network.inputs |= _value(wire.message(kind, value))
        elif number == 12:
            network.outputs |= _value(wire.message(kind, value))
        elif number == 13:
            _value(wire.message(kind, value))
        elif number in (14, 15):
            raise _unsafe("it holds sparse or quantised tensors beside its graph")


def _node(node: memoryview, network: Network) -> None:
    names, kind_of_node = {1: [], 2: [], 3: []}, ""
    for number, kind, value in wire.fields(node):
        if number == 4:
            kind_of_node = wire.text(kind, value)
        elif number == 5:
            _attribute(wire.message(kind, value), network)
        elif number == 7 and (domain := wire.text(kind, value)) not in STANDARD:
            raise _unsafe(f"it uses operators of {domain[:80]!r}, which are not of the standard")
        elif number == 8 and len(wire.message(kind, value)):
            raise _unsafe("it calls functions")
        elif number in (1, 2, 3):
            names[number].append(wire.text(kind, value))
    network.operators[kind_of_node] += 1
    network.nodes.append(Node(kind_of_node, names[1], names[2]))
    if network.operators.total() > NODES:
        raise _too_large(f"more than {NODES:,} nodes")


def _attribute(attribute: memoryview, network: Network) -> None:
    name, numbers = "", []
    for number, kind, value in wire.fields(attribute):
        if number == 1:
            name = wire.text(kind, value)
        elif number in (3, 8):
            numbers += wire.whole_numbers(kind, value)
        elif number == 5:
            _tensor(wire.message(kind, value), network)
        elif number in (6, 11):
            raise _unsafe("it has loops or branches")
        elif number in (10, 14, 15, 22, 23):
            raise _unsafe("it has lists of tensors, sparse tensors or types")
        elif number == 21:
            raise _unsafe("it calls functions")
    low, high = RANGES.get(name, (-math.inf, math.inf))
    if wrong := [number for number in numbers if not low <= number <= high]:
        raise _unsafe(f"{name} of {wrong[0]}, which must lie in {low}..{high}")


def _tensor(tensor: memoryview, network: Network) -> dict[str, tuple]:
    """Check that a tensor is whole and lies in this file, and count it; give its name, size and content."""
    name, shape, element, raw, typed = "", [], 0, None, {}
    for number, kind, value in wire.fields(tensor):
        if number == 1:
            shape += wire.whole_numbers(kind, value)
        elif number == 2 and kind == wire.VARINT:
            element = value
        elif number in TYPED:
            typed[number] = typed.get(number, 0) + _count(number, kind, value)
        elif number == 8:
            name = wire.text(kind, value)
        elif number == 9:
            raw = wire.message(kind, value)
        elif number == 13 or (number == 14 and value != 0):
            raise _unsafe("it keeps its weights in another file")
        elif number in (3, 6):
            raise _unsafe("it holds texts or parts of tensors")
    if element not in ITEMS:
        raise _unsafe(f"a tensor has elements of the type {element}")
    if len(shape) > 8 or any(side < 0 for side in shape):
        raise _unsafe(f"a tensor has the shape {tuple(shape)[:9]}")
    size = math.prod(shape)
    network.parameters += size
    if network.parameters > PARAMETERS:
        raise _too_large(f"more than {PARAMETERS:,} parameters")
    found = len(raw) == size * ITEMS[element] if raw is not None else sum(typed.values()) == size
    if not found or (raw is not None and typed) or len(typed) > 1:
        raise CvkitError(
            "model-damaged", f"a tensor of the shape {tuple(shape)}", came="other content", remedy="copy the model anew"
        )
    few = raw is not None and size <= FEW and element in NUMBERS
    return {name: (size, struct.unpack(f"<{size}{NUMBERS[element]}", raw) if few else ())}


def _count(number: int, kind: int, value: int | memoryview) -> int:
    """How many elements a typed field of a tensor adds."""
    width = TYPED[number]
    if width == 1:
        return sum(1 for _ in wire.whole_numbers(kind, value))
    return len(value) // width if kind in (wire.BYTES, wire.FIXED32, wire.FIXED64) else 0


def _value(value_info: memoryview) -> dict[str, tuple]:
    """The name of an input, output or value, the type of its elements and its shape."""
    name, element, shape = "", 0, ()
    for number, kind, value in wire.fields(value_info):
        if number == 1:
            name = wire.text(kind, value)
        elif number == 2:
            for inner, inner_kind, part in wire.fields(wire.message(kind, value)):
                if inner != 1:
                    if inner in (4, 5, 7, 8, 9):
                        raise _unsafe("it has values that are no tensors")
                    continue
                element, shape = _tensor_type(wire.message(inner_kind, part))
    return {name: (element, shape)}


def _tensor_type(tensor_type: memoryview) -> tuple[int, tuple]:
    element, shape = 0, []
    for number, kind, value in wire.fields(tensor_type):
        if number == 1 and kind == wire.VARINT:
            element = value
        elif number == 2:
            for inner, inner_kind, part in wire.fields(wire.message(kind, value)):
                if inner == 1:
                    shape.append(_side(wire.message(inner_kind, part)))
    return element, tuple(shape)


def _side(dimension: memoryview) -> int | None:
    sides = [wire.signed(value) for number, kind, value in wire.fields(dimension) if (number, kind) == (1, wire.VARINT)]
    if any(not 0 <= side < 1 << 31 for side in sides):
        raise _unsafe(f"a side of {sides[0]}")
    return sides[-1] if sides else None


def _operator_set(given: memoryview, network: Network) -> None:
    domain, version = "", 0
    for number, kind, value in wire.fields(given):
        if number == 1:
            domain = wire.text(kind, value)
        elif number == 2 and kind == wire.VARINT:
            version = value
    if domain in STANDARD:
        network.version = version


def _too_large(came: str) -> CvkitError:
    return CvkitError("model-too-large", "the ONNX file must hold a network of a usual size", came=came, remedy=REMEDY)
