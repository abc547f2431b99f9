"""What a comparison found: rows, their summary, the table, the figure."""

import os
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from cvkit.arrays import VOID, one_of
from cvkit.compare import metrics, table
from cvkit.compare.scores import BEST_IS_LOW
from cvkit.encode_objects import encode_table
from cvkit.errors import CvkitError
from cvkit.io import write_bytes

COLUMNS = {
    "method": str,
    "image": str,
    "dice": float,
    "iou": float,
    "precision": float,
    "recall": float,
    "ap50": float,
    "mean_iou": float,
    "agreement": float,
    "coverage": float,
    "objects": float,
    "true_objects": float,
    "seconds": float,
    "memory": float,
    "failure": str,
}
MEANS = ("dice", "iou", "precision", "recall", "ap50", "mean_iou", "agreement", "coverage")


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """The result of `cvkit.compare` or `cvkit.evaluate`; print it to read it.

    Attributes
    ----------
    labels : list of str
        The methods.
    rows : dict of arrays, one entry for each method and image
        ``method``; ``image``: its path or place; ``dice iou precision recall`` of the foreground; ``ap50``: the
        average precision of objects at IoU 0.5; ``mean_iou`` of classes; ``agreement``: without truth, the mean Dice
        with the other methods; ``coverage``: the share of the image that is foreground (not class 0); ``objects``
        and ``true_objects``: how many; ``seconds`` of one call; ``memory``:
        the bytes by which the first call made the process grow; ``failure``: the reason, or "". NaN: not known. Then
        the scores that `cvkit.evaluate` was asked for besides.
    images, truths : list of arrays
        From `cvkit.compare` the one image and its truth or None; from `cvkit.evaluate` empty.
    predictions : dict of label -> list of arrays
        What each method gave for each of `images`; None where it failed.
    confusions : dict of label -> (256, 256) int64 array
        Of methods that gave classes: the pixels of each true class by predicted class, added up over the images.
    """

    labels: list[str]
    rows: dict[str, np.ndarray]
    images: list[np.ndarray] = field(default_factory=list)
    truths: list[np.ndarray | None] = field(default_factory=list)
    predictions: dict[str, list[np.ndarray | None]] = field(default_factory=dict)
    confusions: dict[str, np.ndarray] = field(default_factory=dict)

    def summary(self) -> dict[str, np.ndarray]:
        """Sum up the rows of each method.

        Returns
        -------
        table : dict of arrays, one entry a method
            For each score its mean over the images on which the method did not fail, as ``dice``, and the 95 %
            bootstrap interval of that mean, as ``dice_low`` and ``dice_high`` (NaN for one image). ``objects`` and
            ``true_objects`` in all, ``seconds``: the median, ``memory``: the most, ``images`` and ``failures``: how
            many, ``failure``: the reason of the first.
        """
        sums = [self._summed(label) for label in self.labels]
        return {name: np.array([one[name] for one in sums]) for name in sums[0]}

    def _summed(self, label: str) -> dict:
        mine = {name: values[self.rows["method"] == label] for name, values in self.rows.items()}
        failed = mine["failure"] != ""
        out = {"method": label, "images": len(failed), "failures": int(failed.sum())}
        for name in (*MEANS, *(name for name in self.rows if name not in COLUMNS)):
            out[name] = _over(np.mean, mine[name])
            out[f"{name}_low"], out[f"{name}_high"] = metrics.bootstrap(mine[name])
        out |= {name: _over(np.sum, mine[name]) for name in ("objects", "true_objects")}
        out |= {"seconds": _over(np.median, mine["seconds"]), "memory": _over(np.max, mine["memory"])}
        first = np.flatnonzero(failed)[:1]
        return out | {"failure": "".join(mine["failure"][first]), "failed_image": "".join(mine["image"][first])}

    def paired(self, score: str = "dice", *, seed: int = 0) -> dict[str, np.ndarray]:
        """Compare every two methods on the same images: who is better, by how much, how surely.

        Parameters
        ----------
        score : str
            A column of `rows`.
        seed : int
            Of the bootstrap.

        Returns
        -------
        table : dict of arrays, one entry for two methods, ``first`` the better one of ``first`` and ``second``
            ``difference``: the mean over the images on which neither failed; ``low``, ``high``: its 95 % bootstrap
            interval; ``wins``, ``ties``, ``losses``: on how many images; ``sure``: the share of the resampled sets of
            images on which ``first`` stays ahead, .5 to 1.

        Raises
        ------
        ValueError
            If there is no such score.

        Examples
        --------
        ``comparison.paired("ap50")["sure"]``
        """
        known = [name for name, kind in COLUMNS.items() if kind is float] + [n for n in self.rows if n not in COLUMNS]
        values = self.rows[one_of(score, "score", tuple(known))]
        of = {label: values[self.rows["method"] == label] for label in self.labels}
        sign = -1 if score in BEST_IS_LOW else 1
        rows = []
        for first, second in combinations(self.labels, 2):
            gain = sign * (of[first] - of[second])
            gain = gain[np.isfinite(gain)]
            if len(gain) and gain.mean() < 0:
                first, second, gain = second, first, -gain
            rows.append({"first": first, "second": second} | metrics.paired_bootstrap(gain, seed=seed))
            if sign < 0:
                lower = rows[-1]
                lower["difference"], lower["low"], lower["high"] = -lower["difference"], -lower["high"], -lower["low"]
        return {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {}

    def verdict(self, score: str | None = None) -> str:
        """Say in words by how much, and how surely, the best method beats each other one on the same images.

        Parameters
        ----------
        score : str, optional
            A column of `rows`; by default ``"mean_iou"`` where there are classes, else ``"dice"``.

        Returns
        -------
        text : str
            A line for each other method; empty for one method, one image, or without truth.
        """
        score = score or ("mean_iou" if self.confusions else "dice")
        summary = self.summary()
        ranked = summary["failures"] == summary["failures"].min()  # as in the table, where who fails is no winner
        known = np.where(ranked, summary[score], np.nan)
        known = np.nan_to_num(known, nan=np.inf if score in BEST_IS_LOW else -np.inf)
        best = self.labels[int(known.argmin() if score in BEST_IS_LOW else known.argmax())]
        pairs = zip(*(found := self.paired(score)).values(), strict=True)
        rows = [dict(zip(found, values, strict=True)) for values in pairs]
        rows = [row for row in rows if best in (row["first"], row["second"]) and not np.isnan(row["sure"])]
        lines = [table.beaten(row) for row in sorted(rows, key=lambda row: abs(row["difference"]))]
        return "\n".join([f"On the same images, {table.title(score)}:", *lines]) if lines else ""

    def class_scores(self, label: str) -> dict[str, np.ndarray]:
        """Give the scores of each class over all images together, as published figures of data sets are made.

        Parameters
        ----------
        label : str
            A method that gave classes.

        Returns
        -------
        table : dict of arrays, one entry a class up to the highest that occurs
            ``class``, ``iou``, ``precision``, ``recall``, ``pixels`` of the truth; their mean IoU is
            ``np.nanmean(table["iou"])``.
        """
        counts = self.confusions[one_of(label, "label", tuple(self.confusions))]
        last = max((n for n in range(VOID) if counts[n].any() or counts[:, n].any()), default=0)
        table = {name: values[: last + 1] for name, values in metrics.class_scores(counts).items()}
        return {"class": np.arange(last + 1)} | table

    def __str__(self) -> str:
        return table.text(self.summary())

    __repr__ = __str__

    def plot(self, kind: str | None = None, *, score: str | None = None, index: int = 0):
        """Draw what was found.

        Parameters
        ----------
        kind : {"images", "scores", "speed"}, optional
            The image, its truth and what each method made of it; a score of each method with its interval; or the
            score against the time of a call. By default images after `cvkit.compare`, scores after `cvkit.evaluate`.
        score : str, optional
            Which one, a column of `rows`; by default Dice, mean IoU or agreement, whichever is known.
        index : int
            Which image.

        Returns
        -------
        figure : matplotlib.figure.Figure
            Save it with ``figure.savefig("comparison.png")``. With truth, white is hit, blue missed, orange a false
            alarm. A notebook shows it.

        Raises
        ------
        ValueError
            If there is no such score, or images are asked for after `cvkit.evaluate`, which keeps none.
        """
        one_of(kind, "kind", (None, "images", "scores", "speed"))
        if kind == "images" or (kind is None and self.images):
            return self._picture(index)
        from cvkit.compare import charts, speed

        summary = self.summary()
        name = self._score(score, summary)
        shown = [summary[name], *(summary.get(f"{name}_{end}") for end in ("low", "high"))]
        title = table.title(name) + (", less is better" if name in BEST_IS_LOW else "")
        if kind == "speed":
            return speed.tradeoff(self.labels, summary["seconds"], *shown, title=title, best_is_low=name in BEST_IS_LOW)
        return charts.bars(self.labels, *shown, title=title, best=table.best_rows(summary, name))

    def _score(self, asked: str | None, summary: dict) -> str:
        """The score to be shown; the first of the usual ones that is known."""
        if asked is not None:
            return one_of(asked, "score", tuple(name for name in summary if f"{name}_low" in summary))
        return next((name for name in table.RANKING if not np.isnan(summary[name]).all()), "coverage")

    def _picture(self, index: int):
        if not self.images:
            raise CvkitError(
                "comparison-pictures",
                came="evaluate() keeps no pictures, for they could be many",
                remedy="call cvkit.compare(image, methods, truth) on the image you want to see",
            )
        from cvkit.compare import plot

        image = self.images[index]
        count = len(self.labels)
        index %= len(self.images)
        scores = {
            label: {name: values[index * count + place] for name, values in self.rows.items()}
            for place, label in enumerate(self.labels)
        }
        answers = {label: self.predictions[label][index] for label in self.labels}
        shown = {label: scores[label]["failure"] if answer is None else answer for label, answer in answers.items()}
        return plot.grid(image, shown, self.truths[index], scores)

    def _repr_png_(self) -> bytes:
        from cvkit.compare import notebook

        return notebook.png(self.plot())

    def _repr_html_(self) -> str:
        from cvkit.compare import notebook

        summary = self.summary()
        return notebook.page(*notebook.scores(summary), table.notes(summary), self._repr_png_())

    def to_csv(self, path: str | os.PathLike) -> None:
        """Write the rows as a CSV file: UTF-8, one line for each method and image, nothing where a number is missing.

        Parameters
        ----------
        path : str or path
            An existing file is replaced, whole or not at all.

        Notes
        -----
        A text that a spreadsheet would run as a formula, because it begins with = + - or @, gets a ' before it.
        """
        write_bytes(path, encode_table(self.rows))


def _over(reduce, values: np.ndarray) -> float:
    """Reduce what is known; NaN if nothing is."""
    values = values[~np.isnan(values)]
    return float(reduce(values)) if len(values) else float("nan")
