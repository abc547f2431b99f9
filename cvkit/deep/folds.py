"""Cross-validation: as many models as folds, each measured on the images that it has not seen."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cvkit.arrays import whole
from cvkit.compare.comparison import Comparison
from cvkit.compare.evaluate import evaluate
from cvkit.deep.training import train
from cvkit.errors import CvkitError


def cross_validate(
    network: str, pairs: Sequence, out: str | Path, *, folds: int = 5, seed: int = 0, **training
) -> Comparison:
    """Train a model on all pairs but those of a fold, for each fold, and measure it on these.

    M. Stone, Journal of the Royal Statistical Society B 36(2), 1974. doi:10.1111/j.2517-6161.1974.tb00994.x. Stopped
    at any time, the same call goes on.

    Parameters
    ----------
    network : str
    pairs : sequence of (image, truth) arrays
    out : path
        Holds a run folder for each fold: ``fold-1/model``, ``fold-2/model``, ...
    folds : int
        At least 2, at most as many as there are pairs.
    seed : int
        Deals the pairs out, and is the seed of every training.
    **training
        As for `cvkit.train`, without `validation`: no fold may choose the epoch by which it is judged.

    Returns
    -------
    comparison : cvkit.compare.comparison.Comparison
        One row an image, in the order of `pairs`, from the model that has not seen it.

    Raises
    ------
    ValueError
        As `cvkit.train`, and if there are fewer pairs than folds.

    Examples
    --------
    ``print(cross_validate("unet", pairs, "runs/cells", folds=3, epochs=20))``
    """
    if not 2 <= whole(folds, "folds") <= len(pairs):
        raise CvkitError(
            "parameter-range",
            f"`folds` must lie between 2 and the number of pairs, {len(pairs)}",
            came=str(folds),
            remedy=f"use {min(5, len(pairs))}",
        )
    if "validation" in training:
        raise CvkitError(
            "parameter-unfit", came="`validation` would choose the epochs by what judges them", remedy="leave it out"
        )
    dealt = np.random.default_rng(seed).permutation(len(pairs)) % folds
    rows: list[dict] = [{} for _ in pairs]
    for fold in range(folds):
        held = np.flatnonzero(dealt == fold)
        learnt = _some(pairs, np.flatnonzero(dealt != fold))
        model = train(network, learnt, Path(out) / f"fold-{fold + 1}", seed=seed, **training)
        found = evaluate({network: model}, [pairs[number] for number in held]).rows
        for place, number in enumerate(held):
            rows[number] = {name: values[place] for name, values in found.items()} | {"image": str(number)}
    return Comparison([network], {name: np.array([row[name] for row in rows]) for name in rows[0]})


def _some(pairs: Sequence, numbers: np.ndarray) -> Sequence:
    """The pairs of these numbers, with the names of the classes if they have any."""
    return pairs.subset(numbers) if hasattr(pairs, "subset") else [pairs[number] for number in numbers]
