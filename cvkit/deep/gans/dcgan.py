"""DCGAN in a light pyramid: a few thousand steps on one processor give recognisable images.

A. Radford, L. Metz, S. Chintala, ICLR 2016. arXiv:1511.06434. Feature maps halve whenever the size doubles, so that
every level costs the same. Presets, as measured in benchmarks/results/gan.md:

- ``classic``: the paper's, batch normalisation in both networks, Adam with beta .5, at five times its rate
- ``fast``: non-saturating + R1, no normalisation in the discriminator, Adam without momentum at twice that rate: the
  nearest to real images after two minutes
- ``quality``: relativistic + R1 + R2, at half of that rate, which larger images in colour need
"""

import keras
from keras import layers

from cvkit.arrays import one_of
from cvkit.deep.adversarial import Adversarial
from cvkit.deep.penalties import SpectralConv2D
from cvkit.deep.pyramid import LATENT, check_shape, down, flatten, unconditional, up

# Objective, weight of the penalties at 32 x 32 x 1, their names, learning rate.
PRESETS = {
    "classic": ("non_saturating", 0.0, (), 1e-3),
    "fast": ("non_saturating", 1.0, ("r1",), 2e-3),
    "quality": ("relativistic", 0.1, ("r1", "r2"), 1e-3),
}


def build(
    shape: tuple = (32, 32, 1),
    classes: int = 0,
    *,
    preset: str = "fast",
    objective: str | None = None,
    penalty: str | None = None,
    spectral: bool = False,
    width: int = 32,
    augment: str = "",
    rate: float | tuple[float, float] | None = None,
    batch: int = 32,
) -> Adversarial:
    """Build a DCGAN.

    Parameters
    ----------
    shape : (H, W, C)
        H = W = 16, 32, 64 or 128; C = 1 or 3.
    classes : int
        0: it takes no condition.
    preset : {"fast", "quality", "classic"}
        Objective, penalties and rate.
    objective, penalty : str, optional
        Others in their place, as in ``"least_squares(smoothing=0.1)"`` and ``"gp"``, or ``""`` for no penalty: see
        `cvkit.deep.objectives` and `cvkit.deep.penalties`.
    spectral : bool
        Bound the slope of the discriminator's convolutions by spectral normalisation, too.
    width : int
        Feature maps at half the size, doubled at every smaller one.
    augment : str
        ``"adaptive"`` for a few hundred images, see `cvkit.deep.gan_augment`.
    rate : float or (float, float), optional
        Learning rate at the start, of both networks, or of generator and discriminator; by default 1e-3, for
        ``fast`` 2e-3.
    batch : int
        Images in a batch, for which the rate is made.

    Returns
    -------
    gan : Adversarial
        At 32 x 32 x 1 a generator of 0.43 and a discriminator of 0.17 million parameters.
    """
    check_shape(shape, "dcgan")
    unconditional(classes, "dcgan")
    game, gamma, names, usual = PRESETS[one_of(preset, "preset", tuple(PRESETS))]
    classic, convolution = preset == "classic", SpectralConv2D if spectral else layers.Conv2D
    networks = generator(shape, width), discriminator(shape, width, classic, convolution)
    penalty = flatten(shape, gamma, *names) if penalty is None else penalty
    gan = Adversarial(*networks, objective=objective or game, penalty=penalty, augment=augment)
    beta, momentum = (0.5, 0.999) if classic else (0.0, 0.99)
    return gan.ready(usual if rate is None else rate, beta, momentum, batch)


def generator(shape: tuple, width: int) -> keras.Model:
    """Noise to image: four by four pixels of many features, doubled and halved until it is one."""
    noise = keras.Input((LATENT,))
    return keras.Model(noise, up(noise, shape, width), name="generator")  # (N, H, W, C)


def discriminator(shape: tuple, width: int, normalise: bool, convolution: type) -> keras.Model:
    """Image to logit, the same way back."""
    image = keras.Input(shape)
    x = layers.Flatten()(down(image, width, normalise, convolution))  # (N, 4, 4, F)
    return keras.Model(image, layers.Dense(1, dtype="float32")(x), name="discriminator")
