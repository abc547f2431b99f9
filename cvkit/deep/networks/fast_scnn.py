"""Fast-SCNN, for real time: one steep way down, of which an early map is kept for the edges.

R. Poudel, S. Liwicki, R. Cipolla, BMVC 2019. arXiv:1902.04502
"""

import keras
from keras import layers

from cvkit.deep.blocks import Align, Grow, convolve, head, normalize, pyramid_pooling, separate


def build(
    input_shape: tuple = (None, None, 3), classes: int = 1, *, width: int = 32, depth: int = 3, expansion: int = 6
) -> keras.Model:
    """Build a Fast-SCNN that takes images of any size.

    Parameters
    ----------
    input_shape : (H, W, C)
        H and W may be None.
    classes : int
        1 = foreground probability by a sigmoid; more = a softmax over so many.
    width : int
        Feature maps at half size; all others are multiples of it.
    depth : int
        Bottlenecks of each of the three stages.
    expansion : int
        How much wider a bottleneck is within.

    Returns
    -------
    model : keras.Model
        (N, H, W, C) float32 -> (N, H, W, classes) float32. 1.2 million parameters by default.
    """
    image = keras.Input(input_shape)
    x = convolve(Align(32)(image), width, 1, strides=2)  # (N, H/2, W/2, F)
    x = separate(x, width * 3 // 2, strides=2)  # (N, H/4, W/4, 1.5F)
    early = x = separate(x, width * 2, strides=2)  # (N, H/8, W/8, 2F)
    for filters, strides in ((width * 2, 2), (width * 3, 2), (width * 4, 1)):
        for step in [strides, *[1] * (depth - 1)]:
            x = bottleneck(x, filters, expansion, step)
    x = convolve(pyramid_pooling(x), width * 4, 1, size=1)  # (N, H/32, W/32, 4F)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(Grow(4)(x))  # (N, H/8, W/8, 4F)
    x = normalize(layers.Conv2D(width * 4, 1)(layers.ReLU()(normalize(x))))
    early = normalize(layers.Conv2D(width * 4, 1)(early))
    x = layers.ReLU()(layers.Add()([x, early]))
    x = separate(separate(x, width * 4), width * 4)  # (N, H/8, W/8, 4F)
    return keras.Model(image, head(layers.Dropout(0.1)(x), classes, 8, image), name="fast_scnn")


def bottleneck(x, filters: int, expansion: int, strides: int):
    """Widen, look around within each feature, narrow; added to what went in where the shape is the same."""
    way = convolve(x, expansion * x.shape[-1], 1, size=1)
    way = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False)(way)
    way = normalize(layers.Conv2D(filters, 1, use_bias=False)(layers.ReLU()(normalize(way))))
    return layers.Add()([way, x]) if strides == 1 and filters == x.shape[-1] else way
