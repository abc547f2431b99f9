"""Keras metrics that follow a training: over every pixel seen, void left out, classes decided by the largest."""

import keras
from keras import ops

from cvkit.deep.losses import both_sides, one_hot


class _Overlap(keras.metrics.Metric):
    """Count, for each class, the pixels that both sides hold, and those of the truth and of the answer."""

    def __init__(self, classes: int, name: str) -> None:
        super().__init__(name=name)
        self.classes = max(classes, 2)
        self.both, self.there, self.said = (
            self.add_variable((self.classes,), "zeros", name=part) for part in ("both", "there", "said")
        )

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:
        """Count a batch: class maps (N, H, W) against probabilities (N, H, W, C)."""
        truth, valid = one_hot(y_true, self.classes)
        decided = ops.one_hot(ops.argmax(both_sides(y_pred), axis=-1), self.classes, dtype="float32") * valid
        for counted, pixels in ((self.both, truth * decided), (self.there, truth), (self.said, decided)):
            counted.assign_add(ops.sum(pixels, axis=(0, 1, 2)))

    def _mean(self, share, first: int):
        """The mean over the classes from `first` on that either side holds; 1 if there are none."""
        present = ops.cast(self.there + self.said > 0, "float32")[first:]
        count = ops.sum(present)
        return ops.where(count > 0, ops.sum(share[first:] * present) / ops.maximum(count, 1.0), 1.0)


class Dice(_Overlap):
    """Dice, averaged over the classes but the first.

    The same number as `cvkit.compare.metrics.dice` where there is one class besides the background.
    """

    def __init__(self, classes: int, name: str = "dice") -> None:
        super().__init__(classes, name)

    def result(self):
        """The Dice so far."""
        return self._mean(2 * self.both / ops.maximum(self.there + self.said, 1.0), first=1)


class MeanIoU(_Overlap):
    """Intersection over union, averaged over all classes: the same number as `cvkit.compare.metrics.mean_iou`."""

    def __init__(self, classes: int, name: str = "mean_iou") -> None:
        super().__init__(classes, name)

    def result(self):
        """The mean IoU so far."""
        return self._mean(self.both / ops.maximum(self.there + self.said - self.both, 1.0), first=0)
