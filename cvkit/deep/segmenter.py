"""Segmenter: a network with the training step that segmentation needs."""

import keras

from cvkit.deep.losses import find_loss
from cvkit.deep.metrics import Dice


class Segmenter(keras.Model):
    """Train a network of class probabilities on class maps that may hold void pixels.

    Parameters
    ----------
    network : keras.Model
        (N, H, W, C) images to (N, H, W, classes) probabilities, as the networks of cvkit.

    Examples
    --------
    ``segmenter = Segmenter(network); segmenter.compile("adam"); segmenter.fit(images, classes)`` with images
    float32 (N, H, W, C) and classes uint8 (N, H, W), 255 = void.
    """

    def __init__(self, network: keras.Model) -> None:
        super().__init__()
        self.network = network
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.scores = [Dice(network.output_shape[-1])]

    def compile(self, optimizer="adam", loss=None) -> None:
        """Set the optimizer, and the loss of a network that does not learn classes: see `cvkit.deep.target`."""
        super().compile(optimizer=optimizer, jit_compile=False)  # XLA makes a convolution slower on CPUs
        self.pixel_loss = loss or find_loss("cross_entropy + dice")
        if loss:
            self.scores = []

    @property
    def metrics(self) -> list:
        """The trackers, reset at every epoch."""
        return [self.loss_tracker, *self.scores]

    def call(self, images, training=False):
        """Give the probabilities of the network."""
        return self.network(images, training=training)

    def train_step(self, data) -> dict:
        """One step of the optimizer on a batch of images and class maps."""
        import tensorflow as tf

        images, classes = _unpack(data)
        with tf.GradientTape() as tape:
            probabilities = self(images, training=True)
            loss = self.pixel_loss(classes, probabilities)
            scaled = self.optimizer.scale_loss(loss)
        weights = self.trainable_variables
        self.optimizer.apply(tape.gradient(scaled, weights), weights)
        return self._track(classes, probabilities, loss)

    def test_step(self, data) -> dict:
        """Loss and Dice of a batch, nothing learnt."""
        images, classes = _unpack(data)
        probabilities = self(images, training=False)
        return self._track(classes, probabilities, self.pixel_loss(classes, probabilities))

    def _track(self, classes, probabilities, loss) -> dict:
        self.loss_tracker.update_state(loss)
        for score in self.scores:
            score.update_state(classes, probabilities)
        return self.get_metrics_result()


def _unpack(data) -> tuple:
    images, classes, weights = keras.utils.unpack_x_y_sample_weight(data)
    if weights is not None:
        raise ValueError("Segmenter takes no sample weights; give pixels that are not to count the class 255, void.")
    return images, classes
