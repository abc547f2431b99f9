"""WGAN-GP: the distance between two distributions, from a critic whose slope is kept at one.

I. Gulrajani et al., NeurIPS 2017. arXiv:1704.00028. Slower than `dcgan` for the same quality, since the critic takes
five steps for one of the generator; its loss falls as images get better, which others' does not.
"""

import keras
from keras import layers

from cvkit.deep.adversarial import Adversarial
from cvkit.deep.penalties import SpectralConv2D
from cvkit.deep.pyramid import LATENT, check_shape, down, unconditional, up


def build(
    shape: tuple = (32, 32, 1),
    classes: int = 0,
    *,
    spectral: bool = False,
    steps: int = 5,
    width: int = 32,
    rate: float | tuple[float, float] = 5e-4,
    batch: int = 32,
) -> Adversarial:
    """Build a WGAN-GP.

    Parameters
    ----------
    shape : (H, W, C)
        H = W = 16, 32, 64 or 128; C = 1 or 3.
    classes : int
        0: it takes no condition.
    spectral : bool
        Bound the slope by spectral normalisation of every convolution in the place of the penalty, with the hinge
        objective: SNGAN, T. Miyato et al., ICLR 2018. arXiv:1802.05957
    steps : int
        Of the critic, for one of the generator.
    width, rate, batch
        As for `dcgan`.

    Returns
    -------
    gan : Adversarial
    """
    check_shape(shape, "wgan_gp")
    unconditional(classes, "wgan_gp")
    noise, image = keras.Input((LATENT,)), keras.Input(shape)
    generator = keras.Model(noise, up(noise, shape, width), name="generator")
    features = down(image, width, convolution=SpectralConv2D if spectral else layers.Conv2D)
    value = layers.Dense(1, dtype="float32")(layers.Flatten()(features))
    critic = keras.Model(image, value, name="discriminator")
    game = {"objective": "hinge", "penalty": ""} if spectral else {"objective": "wasserstein", "penalty": "gp"}
    gan = Adversarial(generator, critic, discriminator_steps=steps, **game)
    return gan.ready(rate, 0.0, 0.9, batch)
