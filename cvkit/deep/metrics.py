"""Keras metrics that follow a training."""

import keras
from keras import ops

from cvkit.deep.losses import both_sides, one_hot


class Dice(keras.metrics.Metric):
    """Dice of the decided classes, averaged over all but class 0, over every pixel seen; void left out.

    The same number as `cvkit.compare.metrics.dice` where there is one class besides the background.
    """

    def __init__(self, classes: int, name: str = "dice") -> None:
        super().__init__(name=name)
        self.classes = max(classes, 2)
        self.both = self.add_variable((self.classes,), "zeros", name="both")
        self.either = self.add_variable((self.classes,), "zeros", name="either")

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:
        """Count a batch: class maps (N, H, W) against probabilities (N, H, W, C)."""
        truth, valid = one_hot(y_true, self.classes)
        decided = ops.one_hot(ops.argmax(both_sides(y_pred), axis=-1), self.classes, dtype="float32") * valid
        self.both.assign_add(ops.sum(truth * decided, axis=(0, 1, 2)))
        self.either.assign_add(ops.sum(truth + decided, axis=(0, 1, 2)))

    def result(self):
        """The Dice so far; a class that neither side holds counts as 1."""
        dice = ops.where(self.either == 0, 1.0, 2 * self.both / ops.maximum(self.either, 1.0))
        return ops.mean(dice[1:])
