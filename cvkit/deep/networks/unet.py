"""U-Net: features shrink, then grow back, and at every size the way back sees what the way down saw.

O. Ronneberger, P. Fischer, T. Brox, MICCAI 2015. doi:10.1007/978-3-319-24574-4_28
Here with padding, so that the answer is as large as the image, and batch normalisation.
"""

import keras
from keras import layers

from cvkit.deep.blocks import Fit, convolve, head, model
from cvkit.deep.encoders import pyramid


def build(
    input_shape: tuple = (None, None, 3),
    classes: int = 1,
    *,
    width: int = 16,
    depth: int = 4,
    widest: int = 256,
    encoder: str | None = None,
    weights: str | None = None,
    supervision: bool = False,
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
        How often the size is halved; an `encoder` halves it five times.
    widest : int
        No level of the way back has more feature maps than this, nor one of the way down without `encoder`.
    encoder, weights : str or None
        The way down by one of `cvkit.deep.encoders`, with its "imagenet" weights or None.
    supervision : bool
        Whether every level of the way back answers, too.

    Returns
    -------
    model : keras.Model
        (N, H, W, C) float32 -> (N, H, W, classes) float32; with `supervision` a list, the final answer first.
        2.0 million parameters by default.
    """
    image = keras.Input(input_shape)
    if encoder is None:
        x, kept = _way_down(image, [min(width * 2**level, widest) for level in range(depth + 1)])
    else:
        maps = pyramid(image, encoder, weights)
        x, kept = maps[32], [maps.get(2**level) for level in range(5)]
    answers = [(x, 2 ** len(kept))]
    for level in reversed(range(len(kept))):
        x, skip = layers.UpSampling2D(2)(x), kept[level]  # (N, H, W, 2F)
        if skip is not None:
            x = layers.Concatenate()([Fit()(x, skip) if encoder is None else x, skip])
        x = convolve(x, min(width * 2**level, widest))  # (N, H, W, F)
        answers.append((x, 2**level))
    (x, _), *auxiliary = answers[:0:-1]
    outputs = [head(x, classes) if encoder is None else head(x, classes, like=image)]
    if supervision:
        outputs += [head(x, classes, scale, image, f"probabilities_{scale}") for x, scale in auxiliary]
    return model(image, outputs, "unet")


def _way_down(x, widths: list):
    """The smallest map, and those that are kept for the way back, the largest first."""
    kept = []
    for filters in widths[:-1]:
        x = convolve(x, filters)  # (N, H, W, F)
        kept.append(x)
        x = layers.MaxPooling2D(2, padding="same")(x)  # (N, H/2, W/2, F), rounded up
    return convolve(x, widths[-1]), kept
