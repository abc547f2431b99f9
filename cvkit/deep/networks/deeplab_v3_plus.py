"""DeepLabV3+: a map is looked at with gaps of several widths at once, then sharpened by an early, larger map.

L.-C. Chen et al., ECCV 2018. doi:10.1007/978-3-030-01234-2_49
Here the encoder's maps are joined at stride 16 in place of its dilation.
"""

import keras
from keras import layers

from cvkit.deep.blocks import Grow, Pool, Spread, convolve, head, join, separate
from cvkit.deep.encoders import pyramid

DILATIONS = (6, 12, 18)


def build(
    input_shape: tuple = (None, None, 3),
    classes: int = 1,
    *,
    width: int = 16,
    pyramid_width: int = 96,
    encoder: str | None = None,
    weights: str | None = None,
) -> keras.Model:
    """Build a DeepLabV3+ that takes images of any size.

    Parameters
    ----------
    input_shape : (H, W, C)
        H and W may be None.
    classes : int
        1 = foreground probability by a sigmoid; more = a softmax over so many.
    width : int
        Feature maps of the small encoder at half size; of no effect with `encoder`.
    pyramid_width : int
        Feature maps of the decoder.
    encoder, weights : str or None
        One of `cvkit.deep.encoders`, None for a small residual one; its "imagenet" weights or None.

    Returns
    -------
    model : keras.Model
        (N, H, W, C) float32 -> (N, H, W, classes) float32. 3.1 million parameters by default.
    """
    image = keras.Input(input_shape)
    maps = pyramid(image, encoder, weights, width=width)
    x = atrous_pyramid(join(maps, 16, pyramid_width))  # (N, H/16, W/16, P)
    early = convolve(maps[4], pyramid_width // 2, 1, size=1)  # (N, H/4, W/4, P/2)
    x = layers.Concatenate()([Grow(4)(x), early])
    x = separate(separate(x, pyramid_width), pyramid_width)  # (N, H/4, W/4, P)
    return keras.Model(image, head(x, classes, 4, image), name="deeplab_v3_plus")


def atrous_pyramid(x):
    """Convolutions with gaps of several widths, and the mean over the image, side by side, then mixed."""
    filters = x.shape[-1]
    parts = [convolve(x, filters, 1, size=1), *(separate(x, filters, dilation=gap) for gap in DILATIONS)]
    mean = convolve(Pool(1)(x), filters, 1, size=1)  # (N, 1, 1, P)
    return convolve(layers.Concatenate()([*parts, Spread()(mean, x)]), filters, 1, size=1)
