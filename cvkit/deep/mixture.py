"""Real pairs and made ones in one list, of which a training draws a share."""

from collections.abc import Sequence

import numpy as np

from cvkit.arrays import number
from cvkit.errors import CvkitError


class Mixture(Sequence):
    """What `cvkit.train` takes as its pairs to learn from made ones too: epochs are as long as without them.

    Parameters
    ----------
    real, made : sequence of (image, truth)
        Made ones from `cvkit.synthesize`, `copy_paste` or elsewhere, of the same kind as the real ones.
    share : float, 0..1
        Of the patches that are cut from made images.

    Raises
    ------
    CvkitError
        If the share is no such number, or what it is a share of is empty.

    Examples
    --------
    >>> Mixture(["a", "b"], ["x", "y", "z"], 0.25).odds.round(3).tolist()
    [0.375, 0.375, 0.083, 0.083, 0.083]
    """

    def __init__(self, real: Sequence, made: Sequence, share: float) -> None:
        self.share = number(share, "share", 0, 1)
        self.real, self.made = real, made if self.share else ()
        if not len(real) or (self.share and not len(made)):
            which = "made" if len(real) else "real"
            raise CvkitError("pairs-empty", came=f"there are no {which} pairs", remedy="give some, or share=0")

    def __len__(self) -> int:
        return len(self.real) + len(self.made)

    @property
    def classes(self) -> list[str]:
        """The names of the classes, where the real pairs have them."""
        return list(getattr(self.real, "classes", ()))

    def __getitem__(self, index: int | slice):
        """Give a pair, the real ones first; for a slice a list of them."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self.real[index] if index < len(self.real) else self.made[index - len(self.real)]

    @property
    def odds(self) -> np.ndarray:
        """How probable each pair is to be drawn: (N,) floats that sum to 1."""
        parts = ((len(self.real), 1 - self.share), (len(self.made), self.share))
        return np.concatenate([np.full(count, share / max(count, 1)) for count, share in parts])
