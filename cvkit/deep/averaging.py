"""The network that a training is for: averaged weights, with the statistics of normalisation that belong to them."""

from collections.abc import Iterable

import keras
import numpy as np


class Statistics:
    """Sets the statistics of batch normalisation to their mean over batches; averaged weights never had any.

    The network is traced at the first call: keep one of these for all calls.

    Parameters
    ----------
    network : keras.Model
    """

    def __init__(self, network: keras.Model) -> None:
        self.norms = [
            layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)
        ]
        self.run = lambda images: network(images, training=True)
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            self.run = tf.function(self.run, reduce_retracing=True)

    def __call__(self, batches: Iterable) -> None:
        """Measure them on some batches, each as the network takes it."""
        if not self.norms:
            return
        momenta = [layer.momentum for layer in self.norms]
        kept = [variable for layer in self.norms for variable in (layer.moving_mean, layer.moving_variance)]
        found = []
        try:
            for layer in self.norms:
                layer.momentum = 0.0  # so that a run leaves those of its batch
            for images in batches:
                self.run(images)
                found.append([keras.ops.convert_to_numpy(variable) for variable in kept])
        finally:
            for layer, momentum in zip(self.norms, momenta, strict=True):
                layer.momentum = momentum
        for variable, values in zip(kept, zip(*found, strict=True), strict=True):
            variable.assign(np.mean(values, axis=0))


def averaged(
    network: keras.Model, optimizer: keras.optimizers.Optimizer, settle: Statistics, batches: Iterable
) -> list[np.ndarray]:
    """Give the averaged weights of a network in training, which stays as it is.

    Parameters
    ----------
    network : keras.Model
    optimizer : keras.optimizers.Optimizer
        With a moving average of the trainable weights of `network`, and no others.
    settle : Statistics
        Of `network`.
    batches : iterable
        To measure the statistics of normalisation on.

    Returns
    -------
    weights : list of arrays
        For ``network.set_weights``.
    """
    kept = [keras.ops.convert_to_numpy(variable) for variable in network.variables]
    optimizer.finalize_variable_values(network.trainable_variables)
    settle(batches)
    weights = network.get_weights()
    for variable, value in zip(network.variables, kept, strict=True):
        variable.assign(value)
    return weights
