"""Augmentation of what a discriminator sees, real and generated alike, as strong as it needs.

S. Zhao et al., Differentiable Augmentation, NeurIPS 2020. arXiv:2006.10738; the strength follows the discriminator's
overfitting, T. Karras et al., ADA, NeurIPS 2020. arXiv:2006.06676. Images are moved by gathering pixels, whose
gradients TensorFlow knows to any order.
"""

import keras
from keras import ops

from cvkit.arrays import number, whole
from cvkit.deep.named import choose


def augment(images, strength, seeds):
    """Flip, shift, cut out and brighten, each for a share of the images.

    Parameters
    ----------
    images : (N, H, W, C) float32, -1..1
    strength : scalar, 0..1
        How likely each change is, of each image by itself.
    seeds : keras.random.SeedGenerator

    Returns
    -------
    images : (N, H, W, C) float32
    """
    import tensorflow as tf

    chance = keras.random.uniform((5, ops.shape(images)[0]), seed=seeds)
    chosen = ops.cast(chance < strength, "float32")  # a row for each change
    draws = keras.random.uniform((7, ops.shape(images)[0]), -1, 1, seed=seeds)
    height, width = images.shape[1:3]
    rows = _moved(height, chosen[1] * draws[0] / 8)
    cols = _moved(width, chosen[1] * draws[1] / 8)
    flip = (chosen[0] * ops.cast(draws[2] > 0, "float32"))[:, None] > 0
    images = tf.gather(images, rows, axis=1, batch_dims=1)
    images = tf.gather(images, ops.where(flip, width - 1 - cols, cols), axis=2, batch_dims=1)
    hole = _inside(height, draws[3])[:, :, None] * _inside(width, draws[4])[:, None, :]  # (N, H, W)
    images = images * (1 - chosen[2][:, None, None] * hole)[..., None]
    images = images + (chosen[3] * draws[5] / 4)[:, None, None, None]
    middle = ops.mean(images, axis=(1, 2, 3), keepdims=True)
    return middle + (images - middle) * (1 + chosen[4] * draws[6] / 2)[:, None, None, None]


def _moved(side: int, by):
    """Whence each of `side` pixels comes if an image moves by a part of its side; the border is repeated: (N, side)."""
    shift = ops.cast(ops.round(by * side), "int32")
    return ops.clip(ops.arange(side, dtype="int32")[None] + shift[:, None], 0, side - 1)


def _inside(side: int, centre):
    """Which pixels lie in a hole a third of the side wide, around a centre in -1..1: (N, side)."""
    distance = ops.abs(ops.linspace(-1.0, 1.0, side)[None] - centre[:, None])
    return ops.cast(distance < 1 / 3, "float32")


class Adaptive:
    """How strong the augmentation is: more where the discriminator is too sure of the real images, less else.

    Parameters
    ----------
    target : float
        The share of pairs of a real and a generated image that the discriminator may tell apart: 0.5..1.
    images : int
        How many images it takes from none to all.
    """

    def __init__(self, *, target: float = 0.8, images: int = 20_000) -> None:
        self.target, self.images = number(target, "target", 0, 1), whole(images, "images")

    def step(self, strength, sure, batch):
        """Give the strength for the next step, of how sure the discriminator was of this batch."""
        return ops.clip(strength + ops.sign(sure - self.target) * batch / self.images, 0.0, 1.0)


class Constant:
    """Augmentation that is always as strong."""

    def __init__(self, *, strength: float = 1.0) -> None:
        self.strength = number(strength, "strength", 0, 1)

    def step(self, strength, sure, batch):
        """Give the strength."""
        return ops.ones_like(strength) * self.strength


def find(text: str):
    """Read how to augment: ``"adaptive(target=0.8)"``, ``"constant(strength=1)"``, or nothing for none.

    Examples
    --------
    >>> find("adaptive(target=0.5)").target, find("")
    (0.5, None)
    """
    if not text:
        return None
    kind, arguments = choose(text, {"adaptive": Adaptive, "constant": Constant}, "augmentation")
    return kind(**arguments)
