"""DCGAN that is told what to make: one class an image.

The generator gets the class beside its noise. The discriminator gets it by projection, the inner product of the
class's vector and the features (T. Miyato, M. Koyama, ICLR 2018. arXiv:1802.05637), or as one more channel of the
image (M. Mirza, S. Osindero, 2014. arXiv:1411.1784).
"""

import keras
from keras import layers

from cvkit.arrays import one_of
from cvkit.deep.adversarial import Adversarial
from cvkit.deep.pyramid import LATENT, check_shape, conditional, down, flatten, up


def build(
    shape: tuple = (32, 32, 1),
    classes: int = 10,
    *,
    judge: str = "projection",
    objective: str = "non_saturating",
    penalty: str | None = None,
    width: int = 32,
    augment: str = "",
    rate: float | tuple[float, float] = 2e-3,
    batch: int = 32,
) -> Adversarial:
    """Build a DCGAN whose condition is a class of each image.

    Parameters
    ----------
    shape : (H, W, C)
        H = W = 16, 32, 64 or 128; C = 1 or 3.
    classes : int
        At least 2.
    judge : {"projection", "embedding"}
        How the discriminator looks at the class.
    objective, penalty, width, augment, rate, batch
        As for `dcgan`; the penalty is R1 by default.

    Returns
    -------
    gan : Adversarial
        Non-saturating + R1, as `dcgan`'s preset ``fast``.
    """
    check_shape(shape, "conditional_dcgan")
    conditional(classes, "conditional_dcgan")
    judges = {"projection": projection, "embedding": embedding}
    discriminator = judges[one_of(judge, "judge", tuple(judges))](shape, classes, width)
    penalty = flatten(shape, 1.0, "r1") if penalty is None else penalty
    made = generator(shape, classes, width)
    gan = Adversarial(made, discriminator, objective=objective, penalty=penalty, augment=augment)
    return gan.ready(rate, 0.0, 0.99, batch)


def generator(shape: tuple, classes: int, width: int) -> keras.Model:
    """Noise and class to image."""
    noise, kind = keras.Input((LATENT,)), keras.Input((classes,))
    x = layers.Concatenate()([noise, layers.Dense(LATENT // 2)(kind)])
    return keras.Model([noise, kind], up(x, shape, width), name="generator")  # (N, H, W, C)


def projection(shape: tuple, classes: int, width: int) -> keras.Model:
    """Logit of the features, and of how they agree with the class."""
    image, kind = keras.Input(shape), keras.Input((classes,))
    x = layers.Flatten()(down(image, width))  # (N, 16 F)
    agreement = layers.Dot(1, dtype="float32")([x, layers.Dense(x.shape[1], use_bias=False)(kind)])
    logit = layers.Dense(1, dtype="float32")(x)
    return keras.Model([image, kind], layers.Add(dtype="float32")([logit, agreement]), name="discriminator")


def embedding(shape: tuple, classes: int, width: int) -> keras.Model:
    """Logit of the image with the class as one more channel."""
    image, kind = keras.Input(shape), keras.Input((classes,))
    plane = layers.Reshape((*shape[:2], 1))(layers.Dense(shape[0] * shape[1])(kind))
    x = layers.Flatten()(down(layers.Concatenate()([image, plane]), width))
    return keras.Model([image, kind], layers.Dense(1, dtype="float32")(x), name="discriminator")
