"""The network that a training is for: averaged weights, with the statistics of normalisation that belong to them."""

import keras
import numpy as np


def measure_statistics(network: keras.Model, batches: list[np.ndarray]) -> None:
    """Set the statistics of batch normalisation to their mean over batches; averaged weights never had any."""
    norms = [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        return
    kept = [layer.momentum for layer in norms]
    for number, images in enumerate(batches):
        for layer in norms:
            layer.momentum = number / (number + 1)
        network(images, training=True)
    for layer, momentum in zip(norms, kept, strict=True):
        layer.momentum = momentum


def averaged(
    network: keras.Model, optimizer: keras.optimizers.Optimizer, batches: list[np.ndarray]
) -> list[np.ndarray]:
    """Give the averaged weights of a network in training, which stays as it is.

    Parameters
    ----------
    network : keras.Model
    optimizer : keras.optimizers.Optimizer
        With a moving average of the trainable weights of `network`, and no others.
    batches : list of (N, H, W, C) float32 arrays
        To measure the statistics of normalisation on.

    Returns
    -------
    weights : list of arrays
        For ``network.set_weights``.
    """
    kept = [keras.ops.convert_to_numpy(variable) for variable in network.variables]
    optimizer.finalize_variable_values(network.trainable_variables)
    measure_statistics(network, batches)
    weights = network.get_weights()
    for variable, value in zip(network.variables, kept, strict=True):
        variable.assign(value)
    return weights
