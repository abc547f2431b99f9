"""Segmenter: a network with the training step that segmentation needs."""

from collections.abc import Callable

import keras
from keras import ops

from cvkit.deep.losses import find_loss
from cvkit.deep.metrics import Dice, MeanIoU
from cvkit.errors import CvkitError

FADE = 0.99  # of the teacher: what it keeps of itself at each step


class Segmenter(keras.Model):
    """Train a network on class maps that may hold void pixels, or on what it learns in their place.

    Parameters
    ----------
    network : keras.Model
        (N, H, W, C) images to (N, H, W, classes) probabilities, as the networks of cvkit; or to a list of them, the
        answer first, the others only there to be taught (deep supervision): weights 1, 1/2, 1/4 ..., their sum 1.
    teacher : keras.Model, optional
        The same network, whose weights follow it as a moving average, for images without truth: `network` shall say of
        them, augmented in full, what the teacher says of them seen weakly. A. Tarvainen, H. Valpola, NeurIPS 2017,
        arXiv 1703.01780. Each batch of images is then four arrays: see `cvkit.deep.data.Patches`.

    Examples
    --------
    ``segmenter = Segmenter(network); segmenter.compile("adam"); segmenter.fit(images, classes)`` with images
    float32 (N, H, W, C) and classes uint8 (N, H, W), 255 = void.
    """

    def __init__(self, network: keras.Model, teacher: keras.Model | None = None) -> None:
        super().__init__()
        self.network, self.teacher = network, teacher
        if teacher:
            teacher.trainable = False
            teacher.set_weights(network.get_weights())

    def compile(
        self,
        optimizer="adam",
        loss: Callable | str = "cross_entropy + dice",
        *,
        consistency: float = 5.0,
        ramp: int = 1,
        scored: bool = True,
    ) -> None:
        """Say how to learn.

        Parameters
        ----------
        optimizer : keras.optimizers.Optimizer or str
        loss : str or function
            Losses by name, or a function of what is to learn and what the network gives, void pixels left out by it.
        consistency : float
            How much the mean squared difference from the teacher counts.
        ramp : int
            Steps until it does in full.
        scored : bool
            Whether to follow Dice and mean IoU; a network that does not learn classes has neither.
        """
        super().compile(optimizer=optimizer, jit_compile=False)  # XLA makes a convolution slower on CPUs
        self.pixel_loss = find_loss(loss) if isinstance(loss, str) else loss
        self.consistency, self.ramp = consistency, ramp
        self.trackers = [keras.metrics.Mean(name="loss")]
        if self.teacher:
            self.trackers.append(keras.metrics.Mean(name="consistency"))
        classes = _listed(self.network.outputs)[0].shape[-1]
        self.scores = [Dice(classes), MeanIoU(classes)] if scored else []

    @property
    def metrics(self) -> list:
        """The trackers, reset at every epoch."""
        return [*self.trackers, *self.scores]

    def call(self, images, training=False):
        """Give the answer of the network."""
        return _listed(self.network(images, training=training))[0]

    def train_step(self, data) -> dict:
        """One step of the optimizer on a batch of images and what to learn of them."""
        import tensorflow as tf

        images, y_true = _unpack(data)
        weak = None
        if self.teacher:
            images, weak, strong, seen = images
            count, images = ops.shape(images)[0], ops.concatenate([images, strong])
        with tf.GradientTape() as tape:
            outputs = _listed(self.network(images, training=True))
            apart = 0.0
            if weak is not None:
                apart = self._difference(outputs[0][count:], weak, seen)
                outputs = [output[:count] for output in outputs]
            loss = self._supervised(y_true, outputs)
            ramp = ops.minimum(1.0, ops.cast(self.optimizer.iterations, "float32") / self.ramp)
            total = loss + self.consistency * ops.exp(-5 * (1 - ramp) ** 2) * apart
            # Devices that share a batch add up their gradients.
            scaled = self.optimizer.scale_loss(total / tf.distribute.get_strategy().num_replicas_in_sync)
        weights = self.network.trainable_variables
        self.optimizer.apply(tape.gradient(scaled, weights), weights)
        if weak is not None:
            self.trackers[1].update_state(apart)
            for mine, its in zip(self.teacher.weights, self.network.weights, strict=True):
                mine.assign(FADE * mine + (1 - FADE) * its)
        return self._track(y_true, outputs[0], loss)

    def test_step(self, data) -> dict:
        """Loss and scores of a batch, nothing learnt."""
        images, y_true = _unpack(data)
        outputs = _listed(self.network(images, training=False))
        return self._track(y_true, outputs[0], self._supervised(y_true, outputs))

    def _supervised(self, y_true, outputs: list):
        """The loss over all outputs."""
        weights = [2.0**-number for number in range(len(outputs))]
        losses = [weight * self.pixel_loss(y_true, output) for weight, output in zip(weights, outputs, strict=True)]
        return sum(losses) / sum(weights)

    def _difference(self, y_pred, weak, seen):
        """How far the network is from the teacher, squared, where the image is."""
        taught = ops.stop_gradient(_listed(self.teacher(weak, training=False))[0])
        squared = ops.mean(ops.square(y_pred - taught), axis=-1)
        return ops.sum(squared * seen) / ops.maximum(ops.sum(seen), 1.0)

    def _track(self, y_true, y_pred, loss) -> dict:
        self.trackers[0].update_state(loss, sample_weight=ops.shape(y_true)[0])  # the last of several may be smaller
        for score in self.scores:
            score.update_state(y_true, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


def _listed(outputs) -> list:
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def _unpack(data) -> tuple:
    images, y_true, weights = keras.utils.unpack_x_y_sample_weight(data)
    if weights is not None:
        raise CvkitError(
            "training-weights",
            came="Segmenter takes no sample weights",
            remedy="give pixels that are not to count the class 255, void",
        )
    return images, y_true
