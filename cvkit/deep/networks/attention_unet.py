"""Attention U-Net: the smaller map decides where the way back may look at what the way down saw.

    a = sigmoid(psi(relu(theta(skip) + phi(gate))))    skip * a

O. Oktay et al., MIDL 2018. arXiv:1804.03999
"""

import keras
from keras import layers

from cvkit.deep.blocks import Align, Grow, convolve, head


def build(
    input_shape: tuple = (None, None, 3), classes: int = 1, *, width: int = 16, depth: int = 4, widest: int = 256
) -> keras.Model:
    """Build an attention U-Net that takes images of any size.

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
    image = keras.Input(input_shape)
    widths = [min(width * 2**level, widest) for level in range(depth + 1)]
    x, kept = Align(2**depth)(image), []
    for filters in widths[:-1]:
        x = convolve(x, filters)  # (N, H, W, F)
        kept.append(x)
        x = layers.MaxPooling2D(2)(x)  # (N, H/2, W/2, F)
    x = convolve(x, widths[-1])
    for filters, skip in zip(widths[-2::-1], reversed(kept), strict=True):
        seen = attend(skip, x)  # (N, H, W, F)
        x = layers.Concatenate()([layers.UpSampling2D(2)(x), seen])  # (N, H, W, 3F)
        x = convolve(x, filters)  # (N, H, W, F)
    return keras.Model(image, head(x, classes, like=image), name="attention_unet")


def attend(skip, gate):
    """Weigh each pixel of `skip` (N, 2H, 2W, F) by what it and `gate` (N, H, W, G) make of it together."""
    filters = max(1, skip.shape[-1] // 2)
    theta = layers.Conv2D(filters, 2, 2, use_bias=False)(skip)  # (N, H, W, F/2)
    phi = layers.Conv2D(filters, 1)(gate)
    a = layers.Conv2D(1, 1, activation="sigmoid")(layers.ReLU()(layers.Add()([theta, phi])))  # (N, H, W, 1)
    return layers.Multiply()([skip, Grow(2)(a)])
