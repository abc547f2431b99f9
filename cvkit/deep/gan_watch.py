"""Look at a generator while it learns: samples of the same noise, and alarms in words."""

import keras
import numpy as np

from cvkit.deep.adversarial import Adversarial
from cvkit.deep.examples import Examples

LOOKS = 64  # images of the fixed noise
COLLAPSED = 0.25  # of the variety of as many real images
SURE = 0.99  # of all pairs told apart
PATIENCE = 3  # looks in a row before an alarm
BEGINNING = 200  # steps in which nothing is alarming yet


class Watch:
    """What is seen of a GAN at intervals.

    Parameters
    ----------
    gan : Adversarial
    examples : Examples
        What it learns from; conditions of the samples, and the variety to compare with, are taken from the first.
    seed : int
    """

    def __init__(self, gan: Adversarial, examples: Examples, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.gan = gan
        self.noise = rng.standard_normal((LOOKS, *gan.latent_shape), np.float32)
        chosen = rng.choice(examples.told, LOOKS, replace=len(examples.told) < LOOKS)
        self.condition = None if examples.condition is None else examples.condition[np.sort(chosen)]
        self.real = variety(examples.scaled(np.unique(chosen)))

    def samples(self) -> np.ndarray:
        """Images (64, H, W, C) in -1..1 by the averaged generator, always of the same noise and conditions."""
        hot = None if self.condition is None else self.gan.one_hot(self.condition)
        return keras.ops.convert_to_numpy(self.gan(self.noise, hot))

    def look(self, samples: np.ndarray) -> float:
        """Give the variety of the samples, by that of real images: 1 is as it should be, 0 all the same."""
        return variety(samples) / max(self.real, 1e-6)


def variety(images: np.ndarray) -> float:
    """Give the mean distance of an image to the nearest other one, by pixel: 0 if every image has its double.

    Examples
    --------
    >>> variety(np.array([[0.0, 0.0], [2.0, 2.0]])), variety(np.array([[0.0], [2.0], [0.0], [2.0]]))
    (2.0, 0.0)
    """
    flat = np.asarray(images, np.float64).reshape(len(images), -1)
    squares = (flat**2).sum(axis=1)
    distances = (squares[:, None] + squares - 2 * flat @ flat.T).clip(0)
    np.fill_diagonal(distances, np.inf)
    return float(np.sqrt(distances.min(axis=1) / flat.shape[1]).mean())


def is_finite(gan: Adversarial, logs: dict) -> bool:
    """Tell whether all losses and weights are numbers still."""
    weights = (*gan.generator.weights, *gan.discriminator.weights)
    return np.isfinite(list(logs.values())).all() and all(
        np.isfinite(keras.ops.convert_to_numpy(one)).all() for one in weights
    )


def alarm(history: list[dict]) -> str:
    """Say what is wrong with a training, by its last looks; empty if nothing is.

    Parameters
    ----------
    history : list of dict
        Rows with ``step``, ``variety`` and ``told_apart``.

    Examples
    --------
    >>> alarm([{"step": 500, "variety": 0.1, "told_apart": 0.8}] * 3)
    'collapse: the images vary by 10 % of what real ones do; raise the penalty, or use a relativistic objective'
    >>> alarm([{"step": 500, "variety": 0.1, "told_apart": 0.8}] * 2)
    ''
    """
    last = history[-PATIENCE:]
    if len(last) < PATIENCE or last[0]["step"] < BEGINNING:
        return ""
    if all(row["variety"] < COLLAPSED for row in last):
        return (
            f"collapse: the images vary by {last[-1]['variety']:.0%} of what real ones do; "
            "raise the penalty, or use a relativistic objective"
        ).replace("%", " %")
    if all(row["told_apart"] > SURE for row in last):
        return (
            f"saturation: the discriminator tells {last[-1]['told_apart']:.1%} of all pairs apart, and teaches little; "
            "raise the penalty, augment, or give more images"
        ).replace("%", " %")
    return ""
