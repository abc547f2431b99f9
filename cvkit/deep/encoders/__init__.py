"""Encoders: from an image to its feature maps at strides 2 to 32, for the networks that only decode.

All take images of 0..1 (RGB where they are pretrained; grey is repeated) and scale them to what they were trained on
themselves, so a pretrained encoder wants images divided by their type's maximum, not by their own percentiles.
"""

from keras import layers

from cvkit.arrays import one_of
from cvkit.deep.blocks import Align
from cvkit.deep.encoders import applications, efficientnet_lite0, residual
from cvkit.errors import CvkitError

__all__ = ["NAMES", "pyramid"]

NAMES = ("efficientnet_lite0", *applications.LAYERS)


def pyramid(image, encoder: str | None = None, weights: str | None = None, *, width: int = 16) -> dict:
    """Give the feature maps of an encoder.

    Parameters
    ----------
    image : keras tensor (N, H, W, C)
        Values 0..1. Any size: it is first enlarged to a multiple of 32, its last row and column repeated.
    encoder : str or None
        One of `NAMES`; None for the small residual one, which takes any number of channels.
    weights : None or "imagenet"
        Start from weights trained on ImageNet: of a package for ``efficientnet_lite0``, downloaded for the others.
        Its batch normalisation is trained along, with a momentum of .9 like all others.
    width : int
        Feature maps of the residual encoder at stride 2; of no effect on the others.

    Returns
    -------
    maps : dict of int to keras tensor
        By stride, 2 to 32 (``convnext_tiny`` begins at 4): (N, H/stride, W/stride, C).

    Raises
    ------
    CvkitError
        If the encoder or the weights are not known, the channels are not 1 or 3, or the weights cannot be had; it says
        how to get them.
    """
    if weights not in (None, "imagenet") or (weights and not encoder):
        raise CvkitError(
            "network-weights",
            "`weights` must be None or, with an `encoder`, 'imagenet'",
            came=f"weights={weights!r}, encoder={encoder!r}",
            remedy=f"encoders are {', '.join(NAMES)}",
        )
    x = Align(32)(image)
    if encoder is None:
        return residual.pyramid(x, width)
    one_of(encoder, "encoder", NAMES)
    if image.shape[-1] not in (1, 3):
        raise CvkitError(
            "network-channels",
            f"encoder {encoder!r} takes images of 1 or 3 channels",
            came=str(image.shape[-1]),
            remedy="use encoder=None",
        )
    if image.shape[-1] == 1:
        x = layers.Concatenate()([x, x, x])
    if encoder == "efficientnet_lite0":
        return efficientnet_lite0.pyramid(x, weights)
    return applications.pyramid(x, encoder, weights)
