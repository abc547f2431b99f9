"""Pyramid scene parsing: each pixel is judged knowing the means over the whole image and over parts of it.

H. Zhao et al., CVPR 2017. doi:10.1109/CVPR.2017.660
Here the encoder's maps are joined at stride 8 in place of its dilation.
"""

import keras

from cvkit.deep.blocks import convolve, head, join, pyramid_pooling
from cvkit.deep.encoders import pyramid


def build(
    input_shape: tuple = (None, None, 3),
    classes: int = 1,
    *,
    width: int = 16,
    pyramid_width: int = 96,
    encoder: str | None = None,
    weights: str | None = None,
) -> keras.Model:
    """Build a PSPNet that takes images of any size.

    Parameters
    ----------
    input_shape : (H, W, C)
        H and W may be None.
    classes : int
        1 = foreground probability by a sigmoid; more = a softmax over so many.
    width : int
        Feature maps of the small encoder at half size; of no effect with `encoder`.
    pyramid_width : int
        Feature maps at stride 8; a multiple of 4.
    encoder, weights : str or None
        One of `cvkit.deep.encoders`, None for a small residual one; its "imagenet" weights or None.

    Returns
    -------
    model : keras.Model
        (N, H, W, C) float32 -> (N, H, W, classes) float32. 3.3 million parameters by default.
    """
    image = keras.Input(input_shape)
    x = join(pyramid(image, encoder, weights, width=width), 8, pyramid_width)  # (N, H/8, W/8, P)
    x = convolve(pyramid_pooling(x), pyramid_width, 1)  # (N, H/8, W/8, P)
    return keras.Model(image, head(x, classes, 8, image), name="pspnet")
