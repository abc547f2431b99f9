"""A trained generator becomes a folder that is run without Keras."""

import math
from pathlib import Path

import keras
import numpy as np
from keras import layers

from cvkit.deep.adversarial import Adversarial
from cvkit.deep.averaging import Statistics
from cvkit.deep.export import in_float32, write_model
from cvkit.deep.gans import build_gan


def export_generator(gan: Adversarial, folder: str | Path, card: dict, rows: np.ndarray) -> Path:
    """Write the averaged generator, checked to make the images that Keras makes.

    Parameters
    ----------
    gan : Adversarial
        Built from the text of the card.
    folder : path
        Made, or replaced if it is a model's.
    card : dict
        See `cvkit.deep.generator_card`; checksums are added.
    rows : (N, K) float32 array
        Noise and one-hot condition of some images, to compare the two on.

    Returns
    -------
    folder : Path

    Raises
    ------
    ValueError
        If the two differ by more than 1e-5.
    """
    with in_float32():
        twin = build_gan(card["gan"], tuple(card["shape"]), len(card["classes"])).average
        twin.set_weights(gan.average.get_weights())
        network = flat(twin)
    return write_model(network, folder, card, [rows])


def flat(generator: keras.Model) -> keras.Model:
    """Put noise and condition into one row: the form in which every generator is exported."""
    shapes = [tuple(given.shape[1:]) for given in generator.inputs]
    sizes = [math.prod(shape) for shape in shapes]
    row = keras.Input((sum(sizes),))
    ends = np.cumsum(sizes).tolist()
    parts = [row[:, end - size : end] for end, size in zip(ends, sizes, strict=True)]
    parts = [layers.Reshape(shape)(part) for part, shape in zip(parts, shapes, strict=True)]
    return keras.Model(row, generator(parts if len(parts) > 1 else parts[0], training=False))


def settle(gan: Adversarial, batches: list) -> None:
    """Measure the statistics of the averaged generator anew, which no average of weights ever had.

    Parameters
    ----------
    gan : Adversarial
    batches : list
        Noise, or noise and one-hot condition, as the generator takes them.
    """
    gan.average.trainable = True  # frozen layers do not measure
    try:
        Statistics(gan.average)(batches)
    finally:
        gan.average.trainable = False
