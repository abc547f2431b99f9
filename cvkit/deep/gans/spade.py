"""SPADE, light: noise grows to an image, and at every size the class map says how features are scaled and shifted.

T. Park et al., CVPR 2019. doi:10.1109/CVPR.2019.00244. Unlike in `pix2pix` the noise decides on the style of the
whole image. Without the loss on features of VGG, which would have to be downloaded.
"""

import keras
from keras import layers

from cvkit.deep.adversarial import Adversarial
from cvkit.deep.blocks import BatchNorm
from cvkit.deep.pyramid import LATENT, check_shape, conditional, widths
from cvkit.deep.regions import discriminator


def build(
    shape: tuple = (64, 64, 1),
    classes: int = 2,
    *,
    width: int = 16,
    hidden: int = 16,
    judge: str = "patches",
    distance: float = 2.0,
    rate: float | tuple[float, float] = 5e-4,
    batch: int = 32,
) -> Adversarial:
    """Build a light SPADE.

    Parameters
    ----------
    shape : (H, W, C)
        H = W = 16, 32, 64 or 128; C = 1 or 3.
    classes : int
        Of the map; void pixels, 255, belong to none.
    width : int
        Feature maps at half the size, doubled at every smaller one; of the discriminator at full size.
    hidden : int
        Feature maps between a class map and its scales and shifts.
    judge, distance, rate, batch
        As for `pix2pix`.

    Returns
    -------
    gan : Adversarial
    """
    check_shape(shape, "spade")
    conditional(classes, "spade")
    generator = grow(shape, classes, width, hidden)
    opponent, objective = discriminator(judge, shape, classes, width)
    gan = Adversarial(generator, opponent, objective=objective, penalty="", distance=distance)
    return gan.ready(rate, 0.0, 0.99, batch)


def grow(shape: tuple, classes: int, width: int, hidden: int) -> keras.Model:
    """Style and class map to image."""
    style, kinds = keras.Input((LATENT,)), keras.Input((*shape[:2], classes))
    filters = [*widths(shape[0], width), width]  # at 4, 8, ... H pixels
    x = layers.Reshape((4, 4, filters[0]))(layers.Dense(16 * filters[0])(style))
    for level, count in enumerate(filters):
        if level:
            x = layers.UpSampling2D(2)(x)  # (N, 2H, 2W, F)
        shares = layers.AveragePooling2D(shape[0] // x.shape[1])(kinds)  # of each class at this size
        x = layers.LeakyReLU(0.2)(modulate(x, shares, hidden))
        x = layers.Conv2D(count, 3, padding="same")(x)
    x = layers.Conv2D(shape[2], 3, padding="same")(layers.LeakyReLU(0.2)(x))
    return keras.Model([style, kinds], layers.Activation("tanh", dtype="float32")(x), name="generator")


def modulate(x, kinds, hidden: int):
    """Normalise features, then scale and shift them as the classes at each pixel say."""
    x = BatchNorm(center=False, scale=False)(x)
    seen = layers.Conv2D(hidden, 3, padding="same", activation="relu")(kinds)
    scale = layers.Conv2D(x.shape[-1], 3, padding="same", bias_initializer="ones")(seen)
    shift = layers.Conv2D(x.shape[-1], 3, padding="same")(seen)
    return layers.Add()([layers.Multiply()([x, scale]), shift])
