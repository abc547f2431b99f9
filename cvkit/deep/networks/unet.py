"""U-Net: features shrink, then grow back, and at every size the way back sees what the way down saw.

O. Ronneberger, P. Fischer, T. Brox, MICCAI 2015. doi:10.1007/978-3-319-24574-4_28
Here with padding, so that the answer is as large as the image, and batch normalisation.
"""

import keras
from keras import layers

from cvkit.deep.blocks import Fit, convolve, head


def build(
    input_shape: tuple = (None, None, 3), classes: int = 1, *, width: int = 16, depth: int = 4, widest: int = 256
) -> keras.Model:
    """Build a U-Net that takes images of any size.

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
        (N, H, W, C) float32 -> (N, H, W, classes) float32. 2.0 million parameters by default.
    """
    x = image = keras.Input(input_shape)
    widths = [min(width * 2**level, widest) for level in range(depth + 1)]
    kept = []
    for filters in widths[:-1]:
        x = convolve(x, filters)  # (N, H, W, F)
        kept.append(x)
        x = layers.MaxPooling2D(2, padding="same")(x)  # (N, H/2, W/2, F), rounded up
    x = convolve(x, widths[-1])
    for filters, skip in zip(widths[-2::-1], reversed(kept), strict=True):
        x = Fit()(layers.UpSampling2D(2)(x), skip)  # (N, H, W, 2F)
        x = convolve(layers.Concatenate()([x, skip]), filters)  # (N, H, W, F)
    return keras.Model(image, head(x, classes), name="unet")
