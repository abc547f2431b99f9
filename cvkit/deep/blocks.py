"""Pieces that several networks share."""

import keras
from keras import layers


def convolve(x, filters: int, repeats: int = 2):
    """Convolution 3x3, batch normalisation and ReLU, `repeats` times."""
    for _ in range(repeats):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
        # Keras' momentum of .99 leaves the statistics of a short training far behind the weights.
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    return x


class Fit(layers.Layer):
    """Cut a feature map at its lower and right edge to the size of another: lets a network take odd sizes."""

    def call(self, features, like):
        """Take maps (N, H, W, C) and `like` (N, h, w, D), h <= H and w <= W; give (N, h, w, C)."""
        shape = keras.ops.shape(like)
        return features[:, : shape[1], : shape[2], :]


def head(x, classes: int):
    """Probabilities of each class, in float32 whatever the precision of the network.

    One class means foreground or not, by a sigmoid; more are told apart by a softmax.
    """
    x = layers.Conv2D(classes, 1)(x)
    return layers.Activation("softmax" if classes > 1 else "sigmoid", dtype="float32", name="probabilities")(x)
