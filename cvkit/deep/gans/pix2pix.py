"""pix2pix: a U-Net that paints a class map, judged in patches, and drawn to the real image of the same map.

P. Isola et al., CVPR 2017. doi:10.1109/CVPR.2017.632. Here with a map of noise beside the classes, so that one map
gives many images, and the hinge objective.
"""

import keras
from keras import layers

from cvkit.deep.adversarial import Adversarial
from cvkit.deep.blocks import convolve
from cvkit.deep.pyramid import check_shape, conditional
from cvkit.deep.regions import discriminator

NOISE = 4  # numbers at every pixel
CLOUD = 8  # pixels over which they are averaged as well: brightness and blur differ in coarser ways than grain


def build(
    shape: tuple = (64, 64, 1),
    classes: int = 2,
    *,
    width: int = 16,
    depth: int = 3,
    judge: str = "patches",
    distance: float = 10.0,
    rate: float | tuple[float, float] = 5e-4,
    batch: int = 32,
) -> Adversarial:
    """Build a pix2pix.

    Parameters
    ----------
    shape : (H, W, C)
        H = W = 16, 32, 64 or 128; C = 1 or 3.
    classes : int
        Of the map; void pixels, 255, belong to none.
    width : int
        Feature maps at full size, of both networks.
    depth : int
        How often the U-Net halves the size, at most 4.
    judge : str
        The discriminator: ``"patches"``, or a network that segments, ``"unet(width=8, depth=3)"``, which learns to
        tell the classes and what is made apart, pixel by pixel: see `cvkit.deep.regions`.
    distance : float
        Weight of the mean absolute difference from the real image.
    rate : float or (float, float)
        Learning rate at the start, of both networks, or of generator and discriminator.
    batch : int
        Images in a batch, for which the rate is made.

    Returns
    -------
    gan : Adversarial
        At width 16 a generator of 0.24 and a discriminator of 0.04 million parameters.
    """
    check_shape(shape, "pix2pix")
    conditional(classes, "pix2pix")
    generator = paint(shape, classes, width, min(depth, 4))
    opponent, objective = discriminator(judge, shape, classes, width)
    gan = Adversarial(generator, opponent, objective=objective, penalty="", distance=distance)
    return gan.ready(rate, 0.5, 0.999, batch)


def paint(shape: tuple, classes: int, width: int, depth: int) -> keras.Model:
    """Noise and class map to image."""
    grain, kinds = keras.Input((*shape[:2], NOISE)), keras.Input((*shape[:2], classes))
    clouds = layers.UpSampling2D(CLOUD)(layers.AveragePooling2D(CLOUD)(grain))  # what differs from place to place
    clouds = layers.Rescaling(CLOUD)(clouds)  # of variance 1 again
    x, kept = layers.Concatenate()([grain, clouds, kinds]), []
    for level in range(depth):
        x = convolve(x, width * 2**level, 1)  # (N, H, W, F)
        kept.append(x)
        x = layers.MaxPooling2D(2)(x)  # (N, H/2, W/2, F)
    x = convolve(x, width * 2**depth, 1)
    for level, skip in reversed(list(enumerate(kept))):
        x = layers.Concatenate()([layers.UpSampling2D(2)(x), skip])  # (N, H, W, 3F)
        x = convolve(x, width * 2**level, 1)
    x = layers.Conv2D(shape[2], 3, padding="same")(x)
    return keras.Model([grain, kinds], layers.Activation("tanh", dtype="float32")(x), name="generator")
