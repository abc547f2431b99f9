"""Pieces that several GANs share: sizes that work, and the way from noise to image and from image to features."""

import math

import keras
from keras import layers

from cvkit.deep.blocks import BatchNorm
from cvkit.errors import CvkitError

SIDES = (16, 32, 64, 128)
WIDEST = 256
LATENT = 128  # numbers that an image is made of


def check_shape(shape: tuple, name: str) -> None:
    """Refuse images that a GAN cannot make, with the nearest size that works.

    Raises
    ------
    CvkitError
        Unless the shape is square, of a side of 16, 32, 64 or 128, and of 1 or 3 channels.
    """
    height, width, channels = shape
    if height != width or height not in SIDES:
        near = min(SIDES, key=lambda side: (abs(side - max(height, width)), -side))
        raise CvkitError(
            "gan-size", f"{name} makes images of {', '.join(f'{side} x {side}' for side in SIDES)} pixels",
            came=f"{height} x {width}", remedy=f"resize or pad them to {near} x {near}",
        )  # fmt: skip
    if channels not in (1, 3):
        raise CvkitError(
            "gan-channels", f"{name} makes images of 1 or 3 channels", came=str(channels), remedy="choose channels"
        )


def unconditional(classes: int, name: str) -> None:
    """Refuse a condition."""
    if classes:
        raise CvkitError(
            "gan-condition", came=f"{name} takes no condition",
            remedy="use conditional_dcgan for classes, pix2pix or spade for class maps",
        )  # fmt: skip


def conditional(classes: int, name: str) -> None:
    """Refuse to do without a condition."""
    if classes < 2:
        raise CvkitError(
            "gan-condition", f"{name} needs a condition of at least 2 classes", came=f"{classes}",
            remedy="give the condition of each image, or use dcgan",
        )  # fmt: skip


def flatten(shape: tuple, gamma: float, *names: str) -> str:
    """Write slope penalties, every fourth step, as heavy for larger images: slopes are squared and summed over values.

    Examples
    --------
    >>> flatten((64, 64, 1), 0.1, "r1", "r2")
    'r1(gamma=0.4, every=4) | r2(gamma=0.4, every=4)'
    """
    scaled = gamma * math.prod(shape) / 32**2
    return " | ".join(f"{name}(gamma={scaled:g}, every=4)" for name in names)


def widths(side: int, width: int) -> list[int]:
    """Feature maps at 4, 8, ... side / 2 pixels.

    Examples
    --------
    >>> widths(32, 32)
    [128, 64, 32]
    """
    return [min(width * side // (2 * at), WIDEST) for at in (4, 8, 16, 32, 64) if at < side]


def up(x, shape: tuple, width: int):
    """Vectors (N, L) to images (N, H, W, C) in -1..1, float32 whatever the precision."""
    first, *more = widths(shape[0], width)
    x = layers.Dense(16 * first, use_bias=False)(x)
    x = _normalised(layers.Reshape((4, 4, first))(x))
    for filters in more:
        x = _normalised(layers.Conv2DTranspose(filters, 4, 2, padding="same", use_bias=False)(x))
    x = layers.Conv2DTranspose(shape[2], 4, 2, padding="same")(x)
    return layers.Activation("tanh", dtype="float32")(x)


def down(x, width: int, normalise: bool = False, convolution=layers.Conv2D):
    """Images (N, H, W, C) to features (N, 4, 4, F)."""
    for level, filters in enumerate(reversed(widths(x.shape[1], width))):
        x = convolution(filters, 4, strides=2, padding="same")(x)
        if normalise and level:
            x = BatchNorm()(x)
        x = layers.LeakyReLU(0.2)(x)
    return x


def _normalised(x):
    return layers.ReLU()(BatchNorm()(x))


def patches(shape: tuple, classes: int, width: int) -> keras.Model:
    """A discriminator of patches: images and class maps to one logit for every 8 x 8 pixels."""
    image, kinds = keras.Input(shape), keras.Input((*shape[:2], classes))
    x = layers.Concatenate(dtype="float32")([image, kinds])
    for level in range(3):
        x = layers.LeakyReLU(0.2)(layers.Conv2D(width * 2**level, 4, strides=2, padding="same")(x))
    logits = layers.Conv2D(1, 3, padding="same", dtype="float32")(x)  # (N, H/8, W/8, 1)
    return keras.Model([image, kinds], logits, name="discriminator")
