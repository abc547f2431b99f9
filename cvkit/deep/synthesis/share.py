"""Generation feeds segmentation, if it helps: the share of made pairs is chosen on pairs held back, and may be none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cvkit.arrays import number, whole
from cvkit.compare import metrics
from cvkit.compare.evaluate import evaluate
from cvkit.deep.digest import digest
from cvkit.deep.mixture import Mixture
from cvkit.deep.target import kind_of_truth
from cvkit.deep.training import train
from cvkit.errors import CvkitError


@dataclass(frozen=True)
class Choice:
    """What `choose_share` found; print it.

    Attributes
    ----------
    share : float
        0 = no made pairs.
    model : Path
        The best one that was trained with this share.
    score : str
        What was compared.
    table : dict of arrays, one entry a share, none first
        ``share``, ``mean`` over the validation images, and what it gains over none on the same images:
        ``difference``, ``low`` and ``high``, its 95 % interval.
    """

    share: float
    model: Path
    score: str
    table: dict[str, np.ndarray]

    def __str__(self) -> str:
        lines = [f"share of made pairs, {self.score} on validation, what it gains over none with its 95 % interval"]
        for share, mean, gain, low, high in zip(*self.table.values(), strict=True):
            mark = "*" if share == self.share else " "
            lines.append(f"{mark} {share:4g}  {mean:.4f}  {gain:+.4f}  [{low:+.4f}, {high:+.4f}]")
        return "\n".join(lines)


def choose_share(
    network: str,
    pairs: Sequence,
    made: Sequence,
    out: str | Path,
    *,
    validation: Sequence,
    shares: Sequence[float] = (0.1, 0.3, 0.5),
    repeats: int = 1,
    **training,
) -> Choice:
    """Train with no made pairs and with several shares of them, and keep what is best on pairs held back.

    A share is only chosen if it is better than none by more than chance would have it: the 95 % interval of its paired
    gain lies above 0. The interval is over images. Trainings differ too: with `repeats` each share is trained with as
    many seeds, and scores are averaged first. Of three shares that are worth nothing one is chosen more often than
    of one: judge the model that is kept on yet other images.

    Parameters
    ----------
    network : str
    pairs : sequence of (image, truth)
        Real ones, as for `cvkit.train`.
    made : sequence of (image, truth)
        From `cvkit.synthesize` or `copy_paste`; `validation` must not have been in what they were made from.
    out : path
        Holds a run folder for each training, ``share-0.3-seed-0`` and so on; called again, it goes on.
    validation : sequence of (image, truth)
        They choose the share, nothing else.
    shares : sequence of float, 0..1
        To try besides none.
    repeats : int
        Seeds, from 0.
    **training
        As for `cvkit.train`, such as ``epochs``; without `seed` and `validation`.

    Returns
    -------
    choice : Choice

    Raises
    ------
    CvkitError
        As `cvkit.train`, and if an image of `validation` is among those to learn from.

    Examples
    --------
    ``choice = choose_share("unet", pairs, made, "runs/mixed", validation=held_back, epochs=20); print(choice)``
    """
    _check_apart(validation, [pairs, made, [(image, None) for image in training.get("unlabelled", ())]])
    tried = [0.0, *(float(number(share, "shares", 0, 1)) for share in shares if share)]
    score = "mean_iou" if kind_of_truth(np.asarray(validation[0][1])) == "classes" else "dice"
    models, scores = {}, {}
    for share in tried:
        mixed, folder = Mixture(pairs, made, share), Path(out) / f"share-{share:g}"
        seeds = range(whole(repeats, "repeats"))
        models[share] = [train(network, mixed, f"{folder}-seed-{seed}", seed=seed, **training) for seed in seeds]
        scores[share] = np.stack([evaluate([model], validation).rows[score] for model in models[share]])
    rows = [_compared(share, scores) for share in tried]
    better = [row for row in rows if row["low"] > 0]
    share = max(better, key=lambda row: row["mean"])["share"] if better else 0.0
    best = int(scores[share].mean(axis=1).argmax())
    return Choice(share, models[share][best], score, {name: np.array([row[name] for row in rows]) for name in rows[0]})


def _compared(share: float, scores: dict[float, np.ndarray]) -> dict[str, float]:
    """A row of the table: means over seeds, image by image."""
    mine, none = scores[share].mean(axis=0), scores[0.0].mean(axis=0)
    found = metrics.paired_bootstrap(mine - none)
    return {"share": share, "mean": float(mine.mean())} | {name: found[name] for name in ("difference", "low", "high")}


def _check_apart(validation: Sequence, others: list[Sequence]) -> None:
    """Refuse images that would be learnt from and judged by."""
    if len(validation) == 0:
        raise CvkitError("pairs-empty", came="there are no validation pairs", remedy="hold some back: pairs.split()")
    held = {digest([image]): place for place, (image, _) in enumerate(validation)}
    for image in (image for pairs in others for image, _ in pairs):
        if (place := held.get(digest([image]))) is not None:
            raise CvkitError(
                "pairs-leak", came=f"image {place} of `validation` is among those to learn from", remedy="part them"
            )
