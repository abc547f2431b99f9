"""What a training is seldom told: how it learns."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cvkit.arrays import number, one_of, whole
from cvkit.errors import CvkitError


@dataclass(frozen=True)
class Plan:
    """How a network learns, where the defaults will not do.

    Parameters
    ----------
    batch : int, optional
        Patches a batch; by default 16, or fewer if the memory does not hold so many.
    rate : float
        The highest learning rate.
    patience : int, optional
        Stop after so many epochs without a better score on the validation, which there must be; by default never.
    class_weights : sequence of float, optional
        How much each class counts in the loss, the background or class 0 first; by default all alike.
    precision : {"f32", "bf16"}
        With "bf16" layers compute in bfloat16, on processors that can; weights stay float32.
    start : str or path, optional
        A trained model, by name or folder, whose weights the training begins with wherever its layers are those of the
        network: to learn from few images, or for longer. A `rate` of a half or less keeps more of what it knows.
    consistency : float
        How much the consistency on unlabelled images counts, once it has grown to its full weight.
    devices : sequence of str
        Devices of this machine that share every batch, ``("GPU:0", "GPU:1")``; by default TensorFlow chooses one.

    Examples
    --------
    >>> Plan(patience=10).rate
    0.002
    """

    batch: int | None = None
    rate: float = 2e-3
    patience: int | None = None
    class_weights: Sequence[float] | None = None
    precision: str = "f32"
    start: str | Path | None = None
    consistency: float = 5.0
    devices: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("batch", "patience"):
            if getattr(self, name) is not None:
                whole(getattr(self, name), name)
        number(self.rate, "rate", 1e-9)
        number(self.consistency, "consistency", 0)
        if self.start is not None:
            object.__setattr__(self, "start", str(self.start))
        one_of(self.precision, "precision", ("f32", "bf16"))
        object.__setattr__(self, "devices", tuple(self.devices))
        if self.devices and (self.batch or 0) % len(self.devices):
            expected = f"`batch` must be a multiple of the number of `devices`, {len(self.devices)}"
            raise CvkitError("parameter-range", expected, came=str(self.batch), remedy="each gets the same share")
        if self.class_weights is not None:
            weights = tuple(float(number(weight, "class_weights", 0)) for weight in self.class_weights)
            if not sum(weights):
                raise CvkitError(
                    "parameter-range",
                    came="`class_weights` must hold a number above 0",
                    remedy="give one for each class",
                )
            object.__setattr__(self, "class_weights", weights)

    def learns(self) -> dict:
        """Give what decides what is learnt: all but the devices, so that a training may go on elsewhere."""
        return {name: value for name, value in vars(self).items() if name != "devices"}
