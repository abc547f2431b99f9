"""Find the parameters of a method that are best on pairs whose truth is known: every combination is tried."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from cvkit import registry
from cvkit.arrays import same_shape
from cvkit.compare import metrics, table
from cvkit.compare.evaluate import read_pair, score_answer
from cvkit.compare.scores import BEST_IS_LOW, score
from cvkit.errors import CvkitError
from cvkit.pipeline import Pipeline, Step

MOST = 5000  # combinations


@dataclass(frozen=True, eq=False, repr=False)
class Tuning:
    """What `tune` found; print it to see the best ones.

    Attributes
    ----------
    best : str
        The text of the best pipeline: give it to `cvkit.segment`.
    rows : dict of arrays, one entry a combination, the best first
        ``method``: the text; its mean score over the pairs, under the name of the score, and ``low``, ``high``: the
        95 % bootstrap interval; ``failures``: on how many pairs it failed, which no winner did.
    name : str
        The score.
    """

    rows: dict[str, np.ndarray]
    name: str

    @property
    def best(self) -> str:
        return str(self.rows["method"][0])

    def __str__(self) -> str:
        title = table.title(self.name)
        lines = [f"{title:>9}  95 % interval   method"]
        for text, value, low, high in zip(
            *(self.rows[key][:10] for key in ("method", self.name, "low", "high")), strict=True
        ):
            lines.append(f"{value:9.4f}  {low:6.3f} {high:6.3f}   {text}")
        count = len(self.rows["method"])
        lines += [f"... and {count - 10} more; .rows has all"] * (count > 10)
        return "\n".join([*lines, f"Best of {count} on these pairs: {self.best}"])

    __repr__ = __str__


def tune(method, pairs: Iterable, *, metric: str = "dice", **choices: Iterable) -> Tuning:
    """Try every combination of parameters on pairs and give the best as the text of a pipeline.

    Steps that two combinations begin with run once. A choice made on few pairs fits these pairs: measure it on others.
    What a trained model does with its probabilities is chosen, and written into its card, by `cvkit.deep.tune_model`.

    Parameters
    ----------
    method : str
        A method or a pipeline. A list in it is a choice:
        ``"gaussian(sigma=[0.5, 1, 2]) | otsu | remove_small(area=[16, 64])"``.
    pairs : iterable of (image, truth)
        Arrays or paths, as for `cvkit.evaluate`. One pair is in memory at a time.
    metric : str
        A score, such as ``"dice"``, ``"ap50"`` or ``"drd"``; see `cvkit.evaluate`.
    **choices : lists
        Values of the method's own parameters: ``tune("sauvola", pairs, window=[15, 31], k=[0.1, 0.2])``.

    Returns
    -------
    tuning : Tuning

    Raises
    ------
    ValueError
        If nothing is left to choose, a combination cannot be built, every one fails on some pair, or there are more
        than 5,000.

    Examples
    --------
    >>> image = np.array([[10, 10, 200], [10, 90, 200]], np.uint8)
    >>> tune("percentile", [(image, image > 50)], share=[0.3, 0.5, 0.7]).best
    'percentile(share=0.3)'
    """
    call, kind = score(metric)
    pipelines = list(_combinations(method, choices))
    found, first = [], None
    for index, pair in enumerate(pairs):
        _, image, truth = read_pair(pair, index)
        first = first or (image, truth)
        found.append(list(_values(pipelines, image, truth, {metric: (call, kind)})))
    if not found:
        raise CvkitError("pairs-none", "`pairs` must give at least one (image, truth)", came="none")
    found = np.array(found)
    failures = np.isnan(found).sum(axis=0)
    if failures.all():
        reason = _reason(pipelines[0], *first)
        raise CvkitError(
            "tuning-failed", came="every combination fails on some pair", remedy=f"the first one: {reason}"
        )
    means = np.where(failures == 0, found.mean(axis=0), np.nan)
    order = np.argsort(means if metric in BEST_IS_LOW else -means, kind="stable")  # NaN last, the first of equals first
    low, high = zip(*(metrics.bootstrap(found[:, place]) for place in order), strict=True)
    rows = {"method": np.array([str(pipelines[place]) for place in order]), metric: means[order]}
    return Tuning(rows | {"low": np.array(low), "high": np.array(high), "failures": failures[order]}, metric)


def _combinations(method, choices: dict[str, Iterable]) -> Iterator[Pipeline]:
    """Every pipeline that the text and the choices stand for; the last steps vary fastest."""
    parts = [registry.parse(text) for text in registry.split(method)]
    entries = [registry.find(name) for name, _ in parts]
    own = [index for index, entry in enumerate(entries) if entry.is_method]
    if choices and len(own) != 1:
        raise CvkitError("pipeline-method", "exactly one method, whose parameters are to be chosen", came=repr(method))
    if choices:
        parts[own[0]][1].update({name: list(values) for name, values in choices.items()})
    lists = [value for _, given in parts for value in given.values() if isinstance(value, list)]
    if not lists or not all(lists):
        raise CvkitError(
            "tuning-choices",
            "lists of values to choose from",
            came=repr(method),
            remedy='write "otsu | remove_small(area=[16, 64])"',
        )
    if (count := int(np.prod([len(values) for values in lists], dtype=float))) > MOST:
        raise CvkitError(
            "tuning-many", f"at most {MOST:,} combinations", came=f"{count:,}", remedy="give shorter lists"
        )
    steps = [
        [(name, dict(zip(given, values, strict=True))) for values in product(*map(_listed, given.values()))]
        for name, given in parts
    ]
    yield from (Pipeline(list(chosen)) for chosen in product(*steps))


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def _values(pipelines: list[Pipeline], image: np.ndarray, truth: np.ndarray, wanted: dict) -> Iterator[float]:
    """The score of each pipeline on one pair, NaN where it fails; steps shared with the one before run once."""
    kept: list[tuple[str, Any]] = []
    (metric,) = wanted
    for pipeline in pipelines:
        shared = 0
        while shared < len(kept) and kept[shared][0] == str(pipeline.steps[shared]):
            shared += 1
        del kept[shared:]
        try:
            for step in pipeline.steps[shared:]:
                kept.append((str(step), _run(step, kept[-1][1] if kept else image)))
            yield score_answer(truth, kept[-1][1], wanted).get(metric, float("nan"))
        except (ValueError, TypeError):
            yield float("nan")


def _run(step: Step, array: np.ndarray) -> np.ndarray:
    return step(array.copy())


def _reason(pipeline: Pipeline, image: np.ndarray, truth: np.ndarray) -> str:
    try:
        answer = pipeline(image)
        same_shape(image, answer, "image and answer")
        score_answer(truth, answer, {})
    except (ValueError, TypeError) as fault:
        return str(fault).rstrip(".")
    return "its answer has no such score"
