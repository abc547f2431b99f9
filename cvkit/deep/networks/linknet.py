"""LinkNet: an encoder's maps are added, not joined, to those of a narrow way back.

A. Chaurasia, E. Culurciello, VCIP 2017. doi:10.1109/VCIP.2017.8305148
Here transposed convolutions are 4x4, so that each pixel is fed by as many as its neighbours.
"""

import keras
from keras import layers

from cvkit.deep.blocks import convolve, head, normalize
from cvkit.deep.encoders import pyramid


def build(
    input_shape: tuple = (None, None, 3),
    classes: int = 1,
    *,
    width: int = 16,
    encoder: str | None = None,
    weights: str | None = None,
) -> keras.Model:
    """Build a LinkNet that takes images of any size.

    Parameters
    ----------
    input_shape : (H, W, C)
        H and W may be None.
    classes : int
        1 = foreground probability by a sigmoid; more = a softmax over so many.
    width : int
        Feature maps at full size, and at half size without `encoder`.
    encoder, weights : str or None
        One of `cvkit.deep.encoders`, None for a small residual one; its "imagenet" weights or None.

    Returns
    -------
    model : keras.Model
        (N, H, W, C) float32 -> (N, H, W, classes) float32. 2.9 million parameters by default.
    """
    image = keras.Input(input_shape)
    maps = pyramid(image, encoder, weights, width=width)
    x = maps[32]  # (N, H/32, W/32, C)
    for stride in (16, 8, 4, 2):
        skip = maps.get(stride)
        x = grow(x, width if skip is None else skip.shape[-1])  # (N, H/stride, W/stride, F)
        if skip is not None:
            x = layers.Add()([x, skip])
    x = convolve(grow(x, width), width, 1)  # (N, H, W, width)
    return keras.Model(image, head(x, classes, like=image), name="linknet")


def grow(x, filters: int):
    """Narrow to a fourth, double the size by a transposed convolution, widen."""
    narrow = max(4, x.shape[-1] // 4)
    x = convolve(x, narrow, 1, size=1)
    x = layers.Conv2DTranspose(narrow, 4, 2, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return convolve(layers.ReLU()(normalize(x)), filters, 1, size=1)
