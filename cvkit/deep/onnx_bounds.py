"""What keeps an ONNX network from making much out of nothing: which operators it has, and what they may be told.

An exported network computes everything from its image. So every operator that no network of cvkit needs is refused,
and one that does not depend on the image, since it could build arrays of any size from a few bytes. What is left grows
by the numbers that it is given, and these have limits.
"""

import math
from dataclasses import dataclass

from cvkit.errors import CvkitError

REMEDY = "use a model that cvkit.train has written"

# What all networks, encoders and generators hold when exported, and what is like it and makes nothing larger.
_KNOWN = """
    Add And AveragePool BatchNormalization Cast Clip Concat Conv ConvTranspose DepthToSpace DequantizeLinear
    Div Elu Equal Erf Exp Flatten Floor Gather Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual
    HardSigmoid HardSwish Identity InstanceNormalization LeakyRelu Less LessOrEqual Log LogSoftmax MatMul Max MaxPool
    Min Mul Neg Not Or PRelu Pad Pow QuantizeLinear Range Reciprocal ReduceMax ReduceMean ReduceMin ReduceProd
    ReduceSum Relu Reshape Resize Selu Shape Sigmoid Sign Slice Softmax Softplus SpaceToDepth Split Sqrt Squeeze Sub
    Tanh Tile Transpose Unsqueeze Where
"""
KNOWN = frozenset(_KNOWN.split())
# What exports compute from constants alone; as large as what they are given, which lies in the file.
STILL = ("DequantizeLinear", "Less")
FEW = 16  # numbers of a tensor that may say sizes; elements that may be compared without the image
STEP = ("Range", 2)

# Inputs that say how large an answer is: what a constant may be at most, and the product of all of them.
SIZES = {
    ("Range", 0): (65_536, 65_536),
    ("Range", 1): (65_536, 65_536),
    STEP: (65_536, 65_536),
    ("Tile", 1): (64, 4096),
    ("Pad", 1): (4096, math.inf),
    ("Resize", 2): (64, 4096),
    ("Resize", 3): (65_536, 1 << 28),
}


@dataclass
class Node:
    """An operator, and the names of what it takes and gives."""

    kind: str
    takes: list[str]
    gives: list[str]


def check_nodes(nodes: list[Node], tensors: dict[str, tuple[int, tuple]], image: str) -> None:
    """Refuse operators that no network of cvkit holds, and those that could ask for any amount of memory.

    Parameters
    ----------
    nodes : list of Node
        In the order in which they run.
    tensors : dict
        Of those that lie in the file, how many elements each has, and these if they are at most 16.
    image : str
        The name of the input.

    Raises
    ------
    CvkitError
        With the code ``model-unsafe``.
    """
    sizes, moving = {name: size for name, (size, _) in tensors.items()}, {image}
    for node in nodes:
        if node.kind not in KNOWN:
            raise unsafe(f"it has an operator {node.kind[:80]!r}, which no network of cvkit needs")
        if not moving.isdisjoint(node.takes):
            moving.update(node.gives)
        else:
            _check_still(node, sizes)
        for place, name in enumerate(node.takes):
            if name in tensors and (node.kind, place) in SIZES:
                _check_sizes((node.kind, place), *tensors[name])


def _check_still(node: Node, sizes: dict[str, int]) -> None:
    """Refuse what does not depend on the image, but for the little that exports have of it."""
    known = [sizes[name] for name in node.takes if name in sizes]
    if node.kind not in STILL or not known or (node.kind == "Less" and math.prod(known) > FEW):
        raise unsafe(f"its {node.kind} does not depend on the image")
    sizes.update(dict.fromkeys(node.gives, max(known)))


def _check_sizes(input_: tuple[str, int], size: int, values: tuple) -> None:
    most, together = SIZES[input_]
    sound = len(values) == size and all(abs(value) <= most for value in values)
    least = 1 if input_ == STEP else 0
    if not sound or math.prod(values) > together or any(abs(value) < least for value in values):
        raise unsafe(f"its {input_[0]} is told sizes that no network has")


def unsafe(came: str) -> CvkitError:
    """Give the error for an ONNX file that holds what no network of cvkit does."""
    return CvkitError("model-unsafe", "the ONNX file must hold one plain network", came=came, remedy=REMEDY)
