"""Residual GAN without normalisation and tricks, made stable by its objective: relativistic, R1 and R2.

N. Huang et al., "The GAN is dead; long live the GAN!" (R3GAN), NeurIPS 2024. arXiv:2501.05441. Here with plain
3x3 convolutions and up-sampling by nearest neighbour: processors are slow at grouped ones, and a bilinear resize has no
second derivative. Every block begins as the identity.
"""

import keras
from keras import layers

from cvkit.deep.adversarial import Adversarial
from cvkit.deep.pyramid import LATENT, check_shape, flatten, unconditional, widths


def build(
    shape: tuple = (32, 32, 1),
    classes: int = 0,
    *,
    blocks: int = 1,
    width: int = 32,
    augment: str = "",
    rate: float | tuple[float, float] = 5e-4,
    batch: int = 32,
) -> Adversarial:
    """Build a residual GAN.

    Parameters
    ----------
    shape : (H, W, C)
        H = W = 16, 32, 64 or 128; C = 1 or 3.
    classes : int
        0: it takes no condition.
    blocks : int
        Residual blocks at every size.
    width, augment, rate, batch
        As for `dcgan`.

    Returns
    -------
    gan : Adversarial
    """
    check_shape(shape, "resnet_gan")
    unconditional(classes, "resnet_gan")
    filters = [*widths(shape[0], width), width // 2]  # at 4, 8, ... H pixels
    both = flatten(shape, 0.1, "r1", "r2")
    generator, discriminator = make(shape, filters, blocks), judge(shape, filters, blocks)
    gan = Adversarial(generator, discriminator, objective="relativistic", penalty=both, augment=augment)
    return gan.ready(rate, 0.0, 0.99, batch)


def make(shape: tuple, filters: list, blocks: int) -> keras.Model:
    """Noise to image."""
    noise = keras.Input((LATENT,))
    x = layers.Reshape((4, 4, filters[0]))(layers.Dense(16 * filters[0])(noise))
    for level, count in enumerate(filters):
        if level:
            x = layers.UpSampling2D(2)(layers.Conv2D(count, 1, use_bias=False)(x))  # (N, 2H, 2W, F)
        for _ in range(blocks):
            x = residual(x, count)
    x = layers.Conv2D(shape[2], 3, padding="same")(layers.LeakyReLU(0.2)(x))
    return keras.Model(noise, layers.Activation("tanh", dtype="float32")(x), name="generator")


def judge(shape: tuple, filters: list, blocks: int) -> keras.Model:
    """Image to logit."""
    image = keras.Input(shape)
    x = layers.Conv2D(filters[-1], 3, padding="same")(image)
    for level, count in enumerate(reversed(filters)):
        if level:
            x = layers.Conv2D(count, 1, use_bias=False)(layers.AveragePooling2D(2)(x))  # (N, H/2, W/2, F)
        for _ in range(blocks):
            x = residual(x, count)
    logit = layers.Dense(1, dtype="float32")(layers.Flatten()(layers.LeakyReLU(0.2)(x)))
    return keras.Model(image, logit, name="discriminator")


def residual(x, filters: int):
    """Add what two convolutions make of it: nothing at first, their last kernel is zero."""
    y = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal")(layers.LeakyReLU(0.2)(x))
    y = layers.Conv2D(filters, 3, padding="same", kernel_initializer="zeros")(layers.LeakyReLU(0.2)(y))
    return layers.Add()([x, y])
