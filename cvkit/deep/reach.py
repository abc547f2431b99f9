"""How far a network looks: what decides whether an image may be run in tiles, and by how much they must overlap."""

from math import inf, isinf

import keras
from keras import layers

from cvkit.deep.blocks import Align, Fit, Grow, Pool, Spread
from cvkit.deep.networks.segformer import Attention
from cvkit.errors import CvkitError

# What gives each pixel by that pixel alone, in inference.
LOCAL = (
    *(layers.Activation, layers.ReLU, layers.Dense, layers.Dropout, layers.Rescaling),
    *(layers.BatchNormalization, layers.LayerNormalization, layers.Normalization),
    *(layers.Concatenate, layers.Add, layers.Multiply, Align, Fit, Spread),
)
LOCAL_NAMES = ("Add", "LayerScale", "StochasticDepth")  # in keras.applications, without a public class
POOLED = (layers.GlobalAveragePooling2D, Pool)
SHRINKING = (
    *(layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D),
    *(layers.MaxPooling2D, layers.AveragePooling2D),
)

# Of a map: the size of its pixels, and how far a tile's left and right edge spoil it, in pixels of the image.
# None: it has no place, being the mean over all.
Edge = tuple[int, float, float] | None


def reach(network: keras.Model) -> tuple[int | None, int]:
    """Tell how far to each side a network looks, and how far it shrinks the image.

    A tile that begins at a multiple of the stride, and is wider at each side by the halo, this rounded up to the
    stride, is answered as the whole image is. What the edge of such a tile spoils is followed layer by layer: a
    convolution adds the reach of its kernel times the size of its pixels, a halving rounds up to the larger pixels,
    enlarging by nearest neighbour adds nothing.

    Parameters
    ----------
    network : keras.Model
        Of layers that are known here. Strided convolutions that pad by themselves must see sizes that their stride
        divides (`cvkit.deep.blocks.Align`).

    Returns
    -------
    halo : int or None
        In pixels. None if every pixel sees the whole image, by means over it or by attention: tiles then never
        answer exactly as the whole does.
    stride : int
        Size of the smallest map's pixels.

    Raises
    ------
    CvkitError
        If it is not known how far a layer looks.
    """
    edges = {}
    for operation in network.operations:
        if isinstance(operation, layers.InputLayer):
            edge = (1, 0, 0)
        else:
            edge = _after(operation, [edges[id(x)] for x in keras.tree.flatten(operation.input)])
        edges[id(operation.output)] = edge
    halo = max(max(edges[id(x)][1:]) for x in network.outputs)
    return (None if isinf(halo) else halo), max(edge[0] for edge in edges.values() if edge)


def _after(operation, given: list[Edge]) -> Edge:
    """The edges of what an operation gives, from those of what it takes."""
    if isinstance(operation, keras.Sequential):
        for layer in operation.layers:
            given = [_after(layer, given)]
        return given[0]
    placed = [edge for edge in given if edge]
    if not placed or isinstance(operation, POOLED):
        return None
    everywhere = len(placed) < len(given) or isinstance(operation, Attention)
    scale, left, right = (inf if everywhere and side else max(of) for side, of in enumerate(zip(*placed, strict=True)))
    if everywhere or isinstance(operation, LOCAL) or type(operation).__name__ in LOCAL_NAMES:
        return scale, left, right
    if isinstance(operation, layers.ZeroPadding2D):
        before = operation.padding[0][0] * scale
        return scale, left + before, right - before  # it moves the map
    if isinstance(operation, SHRINKING):
        return _shrink(operation, scale, left, right)
    if isinstance(operation, layers.UpSampling2D) and operation.interpolation == "nearest":
        return scale // operation.size[0], left, right
    if isinstance(operation, Grow):
        return scale // operation.factor, left + scale // 2, right + scale // 2
    if isinstance(operation, layers.Conv2DTranspose) and operation.padding == "same":
        return _spread(operation, scale, left, right)
    raise CvkitError(
        "network-reach",
        f"how far {type(operation).__name__} looks is not known, and tiles would not be exact",
        remedy="tell `cvkit.deep.reach`",
    )


def _shrink(layer, scale: int, left: float, right: float) -> Edge:
    """Behind a window: pixel i sees i stride - before ... i stride - before + span - 1."""
    size = layer.pool_size if hasattr(layer, "pool_size") else layer.kernel_size
    stride, dilation = layer.strides[0], getattr(layer, "dilation_rate", (1,))[0]
    span = (size[0] - 1) * dilation + 1
    before = max(span - stride, 0) // 2 if layer.padding == "same" else 0
    larger = scale * stride
    return (
        larger,
        _round_up(left + scale * before, larger),
        _round_up(right + scale * (span - before - stride), larger),
    )


def _spread(layer, scale: int, left: float, right: float) -> Edge:
    """Behind a transposed convolution: pixel i is painted on stride i - before ... stride i - before + size - 1."""
    size, stride = layer.kernel_size[0], layer.strides[0]
    before = max(size - stride, 0) // 2
    smaller = scale // stride
    return smaller, left + smaller * max(size - stride - before, 0), right + smaller * before


def _round_up(distance: float, scale: int) -> float:
    return distance if isinf(distance) else max(0, -(-distance // scale) * scale)
