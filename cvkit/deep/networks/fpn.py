"""Feature pyramid: the meaning found in small maps is handed down to the larger ones, and all of them vote.

T.-Y. Lin et al., CVPR 2017. doi:10.1109/CVPR.2017.106
Its head for pixels: A. Kirillov et al., CVPR 2019. doi:10.1109/CVPR.2019.00656
"""

import keras
from keras import layers

from cvkit.deep.blocks import Grow, convolve, head
from cvkit.deep.encoders import pyramid

STRIDES = (32, 16, 8, 4)


def build(
    input_shape: tuple = (None, None, 3),
    classes: int = 1,
    *,
    width: int = 16,
    pyramid_width: int = 64,
    encoder: str | None = None,
    weights: str | None = None,
) -> keras.Model:
    """Build a feature pyramid network that takes images of any size.

    Parameters
    ----------
    input_shape : (H, W, C)
        H and W may be None.
    classes : int
        1 = foreground probability by a sigmoid; more = a softmax over so many.
    width : int
        Feature maps of the small encoder at half size; of no effect with `encoder`.
    pyramid_width : int
        Feature maps of the pyramid at all its sizes.
    encoder, weights : str or None
        One of `cvkit.deep.encoders`, None for a small residual one; its "imagenet" weights or None.

    Returns
    -------
    model : keras.Model
        (N, H, W, C) float32 -> (N, H, W, classes) float32. 3.1 million parameters by default.
    """
    image = keras.Input(input_shape)
    maps = pyramid(image, encoder, weights, width=width)
    votes, x = [], None
    for stride in STRIDES:
        side = layers.Conv2D(pyramid_width, 1)(maps[stride])  # (N, H/stride, W/stride, P)
        x = side if x is None else layers.Add()([layers.UpSampling2D(2)(x), side])
        vote = convolve(x, pyramid_width, 1)
        for size in STRIDES[STRIDES.index(stride) + 1 :]:
            vote = Grow(2)(vote)  # (N, H/size, W/size, P)
            if size > 4:
                vote = convolve(vote, pyramid_width, 1)
        votes.append(vote)
    return keras.Model(image, head(layers.Add()(votes), classes, 4, image), name="fpn")
