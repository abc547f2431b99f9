"""Residual U-Net: a U-Net whose steps add to what went in, so that it may be deep and still learn fast.

Z. Zhang, Q. Liu, Y. Wang, IEEE Geoscience and Remote Sensing Letters 15(5), 2018. doi:10.1109/LGRS.2018.2802944
"""

import keras
from keras import layers

from cvkit.deep.blocks import Align, head, normalize, shortcut


def build(
    input_shape: tuple = (None, None, 3), classes: int = 1, *, width: int = 16, depth: int = 4, widest: int = 256
) -> keras.Model:
    """Build a residual U-Net that takes images of any size.

    Parameters
    ----------
    input_shape : (H, W, C)
        H and W may be None.
    classes : int
        1 = foreground probability by a sigmoid; more = a softmax over so many.
    width : int
        Feature maps at full size, doubled at every smaller one.
    depth : int
        How often the size is halved.
    widest : int
        No level has more feature maps than this.

    Returns
    -------
    model : keras.Model
        (N, H, W, C) float32 -> (N, H, W, classes) float32. 2.1 million parameters by default.
    """
    image = keras.Input(input_shape)
    widths = [min(width * 2**level, widest) for level in range(depth + 1)]
    x, kept = _conv(Align(2**depth)(image), width), []
    for level, filters in enumerate(widths):
        x = residual(x, filters, strides=2 if level else 1)  # (N, H/2, W/2, 2F)
        kept.append(x)
    for filters, skip in zip(widths[-2::-1], kept[-2::-1], strict=True):
        x = layers.Concatenate()([layers.UpSampling2D(2)(x), skip])  # (N, H, W, 3F)
        x = residual(x, filters)  # (N, H, W, F)
    x = layers.ReLU()(normalize(x))
    return keras.Model(image, head(x, classes, like=image), name="resunet")


def residual(x, filters: int, strides: int = 1):
    """Normalise, ReLU, convolve, twice; added to what went in, brought to the same shape."""
    way = _conv(layers.ReLU()(normalize(x)), filters, strides)
    way = _conv(layers.ReLU()(normalize(way)), filters)
    return layers.Add()([way, shortcut(x, filters, strides)])


def _conv(x, filters: int, strides: int = 1):
    return layers.Conv2D(filters, 3, strides, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
