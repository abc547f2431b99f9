"""Discriminators of images with class maps: of patches, or a network that segments and knows one class more, "made".

E. Schönfeld et al., "You Only Need Adversarial Supervision for Semantic Image Synthesis" (OASIS), ICLR 2021.
arXiv:2012.04781. Here without mixing of real and made images, and with what real pixels of no known class teach: that
they are of any class but "made", as in T. Salimans et al., NeurIPS 2016. arXiv:1606.03498
"""

import inspect

import keras
from keras import layers, ops

from cvkit import registry
from cvkit.deep.build import build
from cvkit.deep.pyramid import patches
from cvkit.errors import CvkitError

LEAST = 1e-6  # of a probability, before its logarithm is taken
HEAVIEST = 20.0  # that a rare class counts at most


def discriminator(judge: str, shape: tuple, classes: int, width: int) -> tuple[keras.Model, str]:
    """Build a discriminator of images and class maps.

    Parameters
    ----------
    judge : str
        ``"patches"``, or a network of `cvkit.networks` such as ``"unet(width=8, depth=3)"``.
    shape : (H, W, C)
    classes : int
    width : int
        Feature maps of ``"patches"`` at full size.

    Returns
    -------
    discriminator : keras.Model
        Image and one-hot map to logits: one for every 8 x 8 pixels; or two for each pixel, see `cvkit.deep.objectives`.
    objective : str
        The objective that it is made for.
    """
    if judge == "patches":
        return patches(shape, classes, width), "hinge"
    if hasattr(inspect.getmodule(registry.network(registry.parse(judge)[0])), "targets"):
        raise CvkitError(
            "gan-judge", f"`judge` must tell {classes + 1} classes apart", came=judge, remedy="use unet, or patches"
        )
    network, kinds = build(judge, shape[2], classes + 1), keras.Input((*shape[:2], classes))
    verdict = Verdict()(network.outputs[0], kinds)  # (N, H, W, 2)
    return keras.Model([network.inputs[0], kinds], verdict, name="discriminator"), "regions"


class Verdict(layers.Layer):
    """What a segmentation of an image, of which the last class is "made", says of it as an image of a class map."""

    def __init__(self, **names) -> None:
        super().__init__(dtype="float32", **names)

    def call(self, probabilities, kinds):
        """Take (N, H, W, K + 1) and one-hot (N, H, W, K), all 0 = class not known; give logits (N, H, W, 2).

        The first is log p(the class that is wanted), weighted for all classes to count alike; the second
        -log p("made").
        """
        known = ops.sum(kinds, axis=-1)
        right = ops.sum(probabilities[..., :-1] * kinds, axis=-1)
        right = ops.where(known > 0, right, 1 - probabilities[..., -1])
        shares = ops.mean(kinds, axis=(0, 1, 2))
        present = ops.sum(ops.cast(shares > 0, "float32"))
        weights = ops.minimum(ops.sum(shares) / (ops.maximum(present, 1.0) * ops.maximum(shares, LEAST)), HEAVIEST)
        weight = ops.where(known > 0, ops.sum(kinds * weights, axis=-1), 1.0)
        return ops.stack([weight * _log(right), -_log(probabilities[..., -1])], axis=-1)

    def compute_output_shape(self, probabilities_shape, kinds_shape) -> tuple:
        """Two logits for each pixel."""
        return (*probabilities_shape[:3], 2)


def _log(probability):
    return ops.log(ops.maximum(probability, LEAST))


def borrowed(condition):
    """Lend those images of a batch whose map is not known the maps of others: something must be painted.

    Parameters
    ----------
    condition : (N, H, W, K) or (N, K) one-hot
        All 0 where nothing is known.

    Returns
    -------
    condition : of the same shape
        As it was where anything is known.
    """
    known, rows = _known(condition), ops.arange(ops.shape(condition)[0])
    lenders = ops.argsort(ops.where(known, rows, rows + ops.size(rows)))  # those that know theirs come first
    count = ops.maximum(ops.sum(ops.cast(known, "int32")), 1)
    return ops.take(condition, ops.where(known, rows, ops.take(lenders, rows % count)), axis=0)


def distance(fake, real, condition):
    """The mean absolute difference of images (N, H, W, C), of those whose condition is known: they shall be alike."""
    apart = ops.mean(ops.abs(fake - real), axis=(1, 2, 3))
    return ops.mean(apart if condition is None else apart * ops.cast(_known(condition), "float32"))


def _known(condition):
    return ops.any(ops.reshape(condition > 0, (ops.shape(condition)[0], -1)), axis=1)
