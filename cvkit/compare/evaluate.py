"""Methods times images gives rows: run each, time it, score it; a failure is a row too."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from cvkit import registry
from cvkit.arrays import VOID, as_image, as_labels, as_mask, is_mask, is_void, kind_of, same_shape
from cvkit.compare import metrics
from cvkit.compare.comparison import COLUMNS, Comparison
from cvkit.compare.memory import peak_of
from cvkit.compare.methods import named_pipelines
from cvkit.compare.scores import Score, score
from cvkit.errors import CvkitError, WrongType
from cvkit.pipeline import Pipeline

_find = lru_cache(registry.find)
if TYPE_CHECKING:
    from cvkit.compare.report import Pictures


def compare(image: np.ndarray, methods, truth: np.ndarray | None = None) -> Comparison:
    """Compare methods on one image: this is what ``cvkit.compare(image, methods, truth)`` calls, see `cvkit.compare`.

    Examples
    --------
    >>> image = np.array([[10, 10, 200]], np.uint8)
    >>> compare(image, "otsu", truth=image > 50).rows["dice"]
    array([1.])
    """
    pipelines = named_pipelines(methods)
    image = as_image(image)
    truth = None if truth is None else _as_truth(truth, image, "the truth")
    _warm_up(pipelines, image)
    rows, predictions = _run(pipelines, "0", image, truth)
    return Comparison(list(pipelines), _table(rows), [image], [truth], {k: [v] for k, v in predictions.items()})


def evaluate(
    methods, pairs: Iterable, *, metrics: Iterable[str] = (), report: "str | os.PathLike | Pictures | None" = None
) -> Comparison:
    """Compare methods on many images.

    Parameters
    ----------
    methods : str, Pipeline, callable, a list of these, or a dict of label -> any of these
        As `cvkit.compare` takes them.
    pairs : iterable of (image, truth)
        Arrays, or paths, which are read with `cvkit.read` and `cvkit.read_truth`. One pair is in memory at a time.
        Void pixels, 255 in classes and -1 in labels, do not count.
    metrics : iterable of str
        Scores besides the usual ones, each a column: of masks ``"boundary_f" "hausdorff95" "surface_dice" "pseudo_f"
        "psnr" "drd"``, of objects ``"ap75" "f1_50" "panoptic_quality" "aggregated_jaccard" "count_error"`` and the
        like; `cvkit.compare.scores` lists them.
    report : path or Pictures, optional
        Write a page of HTML too, with the scores and thumbnails of every image: one file that needs no other. Or
        collect the thumbnails alone, for `cvkit.compare.report.write_report`.

    Returns
    -------
    comparison : Comparison
        The numbers only: pictures are not kept, for they could be many. To see one image, call `cvkit.compare` on it.

    Raises
    ------
    ValueError, TypeError
        Before anything runs: a pipeline is written wrong or ends in a table, two labels are equal, or there is no such
        score. Later: a pair is no pair, or image and truth do not fit; it is named.
    FileNotFoundError
        If there is no file of that path.

    Notes
    -----
    A method that fails on an image is recorded with its reason; its means are those of the other images, and it is
    not marked as the best. Each method runs once on the first image before it is timed, so that loading a model is
    not counted.

    Examples
    --------
    >>> image = np.array([[10, 10, 200], [10, 190, 200]], np.uint8)
    >>> comparison = evaluate(["otsu", "sauvola(window=3)"], [(image, image > 50), (image.T, image.T > 50)])
    >>> comparison.summary()["dice"][0]
    np.float64(1.0)
    """
    pipelines = named_pipelines(methods)
    more = {name: score(name) for name in metrics}
    pictures = None
    if report is not None:
        from cvkit.compare.report import Pictures, write_report

        pictures = report if isinstance(report, Pictures) else Pictures()
    names = getattr(pairs, "images", None)  # of `cvkit.datasets.Pairs`
    rows, confusions = [], {}
    for index, pair in enumerate(pairs):
        name, image, truth = read_pair(pair, index)
        name = str(names[index]) if names else name
        memory = _warm_up(pipelines, image) if index == 0 else {}
        found, predictions = _run(pipelines, name, image, truth, more)
        rows += [row | {"memory": memory.get(row["method"], float("nan"))} for row in found]
        _count_classes(confusions, truth, predictions)
        if pictures is not None:
            pictures.add(name, image, truth, predictions)
    if not rows:
        raise CvkitError(
            "pairs-empty",
            came="`pairs` is empty: it must give at least one (image, truth)",
            remedy="is it a generator that was used up?",
        )
    comparison = Comparison(list(pipelines), _table(rows, more), confusions=confusions)
    if pictures is not None and pictures is not report:
        write_report(comparison, report, pictures=pictures)
    return comparison


def read_pair(pair, index: int) -> tuple[str, np.ndarray, np.ndarray]:
    """The name, image and truth of a pair of arrays or paths."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise WrongType(
            "pair-type",
            f"pair {index} must be (image, truth)",
            came=type(pair).__name__,
            remedy="give pairs of arrays",
        )
    image, truth = pair
    name = os.fspath(image) if isinstance(image, (str, os.PathLike)) else str(index)
    if isinstance(image, (str, os.PathLike)):
        from cvkit.io import read

        image = read(image)
    if isinstance(truth, (str, os.PathLike)):
        from cvkit.io import read_truth

        truth = read_truth(truth)
    image = as_image(image, f"image {name}")
    return name, image, _as_truth(truth, image, f"the truth of image {name}")


def _as_truth(truth, image: np.ndarray, name: str) -> np.ndarray:
    """A mask, int32 labels or uint8 classes of the size of the image."""
    truth = _as_answer(as_mask(truth, name) if is_mask(truth) else _labels_or_classes(truth, name))
    same_shape(image, truth, f"the image and {name}")
    return truth


def _labels_or_classes(array, name: str) -> np.ndarray:
    """Keep uint8, the dtype of classes; every other integer dtype numbers objects."""
    labels = as_labels(array, name, void=True)
    return labels.astype(np.uint8) if getattr(array, "dtype", None) == np.uint8 else labels


def _as_answer(array: np.ndarray) -> np.ndarray:
    """Take classes of 0 and 255 for the mask they are meant to be: it is how OpenCV writes one."""
    if array.dtype == np.uint8 and array.max() == VOID and ((array == 0) | (array == VOID)).all():
        return as_mask(array)
    return array


def _warm_up(pipelines: dict[str, Pipeline], image: np.ndarray) -> dict[str, float]:
    """Run each once, so that loading a model is not timed; give the memory that it took, in bytes."""
    return {label: peak_of(lambda run=pipeline: run(image.copy())) for label, pipeline in pipelines.items()}


def _run(
    pipelines: dict[str, Pipeline],
    name: str,
    image: np.ndarray,
    truth,
    more: Mapping[str, Score] = MappingProxyType({}),
) -> tuple[list[dict], dict]:
    """One row for each method, and what each predicted: None where it failed."""
    rows, predictions = [], {}
    for label, pipeline in pipelines.items():
        row, predictions[label] = {"method": label, "image": name}, None
        try:
            answer, row["seconds"] = _segment(pipeline, image)
            row |= score_answer(truth, answer, more)
            predictions[label] = answer
        except Exception as fault:
            row = {"method": label, "image": name, "failure": reason(fault)}
        rows.append(row)
    if truth is None:
        for row in rows:
            row["agreement"] = _agreement(row["method"], predictions)
    return rows, predictions


def _segment(pipeline: Callable, image: np.ndarray) -> tuple[np.ndarray, float]:
    """The answer and the seconds it took."""
    own = image.copy()  # a method that works in place must not change what the next one sees
    start = perf_counter()
    answer = pipeline(own)
    seconds = perf_counter() - start
    if kind_of(answer) not in ("mask", "labels", "classes"):
        raise WrongType(
            "answer-kind",
            "the answer must be a mask, labels or classes",
            came=kind_of(answer),
            remedy="end the method in one of these",
        )
    same_shape(image, answer, "image and answer")
    return _as_answer(answer), seconds


def score_answer(truth: np.ndarray | None, prediction: np.ndarray, more: Mapping[str, Score]) -> dict[str, float]:
    """Every number that can be said of one prediction."""
    found = _foreground(prediction)
    scores = {"coverage": float(np.mean((prediction > 0) & (prediction != VOID) if found is None else found > 0))}
    if found is not None:
        numbered = _numbered(found)
        scores["objects"] = _count(numbered)
    if truth is None:
        return scores
    kinds = [kind_of(array) for array in (truth, prediction)]
    if kinds == ["classes", "classes"]:
        own = {name: call(truth, prediction) for name, (call, kind) in more.items() if kind == "classes"}
        return scores | {"mean_iou": metrics.mean_iou(truth, prediction)} | own
    true = _foreground(truth)
    if true is None or found is None:
        classes, other = ("the truth", "the answer") if true is None else ("the answer", "the truth")
        raise CvkitError(
            "answer-kind",
            came=(
                f"{classes} holds several classes but {other} is of kind {kinds[true is None]}: they cannot be compared"
            ),
            remedy="if the numbers stand for objects, pass them as int32 labels",
        )
    if (void := is_void(truth)).any():
        true, found = (np.where(void, 0, array).astype(array.dtype) for array in (true, found))
        numbered = _numbered(found)
    return scores | _foreground_scores(true > 0, found > 0, (_numbered(true), numbered), more)


def _foreground_scores(
    truth: np.ndarray, prediction: np.ndarray, objects: tuple[np.ndarray, np.ndarray], more: Mapping[str, Score]
) -> dict[str, float]:
    given = {"mask": (truth, prediction), "labels": objects}
    usual = {name: score(name) for name in ("dice", "iou", "precision", "recall", "ap50")}
    scores = {name: call(*given[kind]) for name, (call, kind) in (usual | more).items() if kind in given}
    return scores | {"true_objects": _count(given["labels"][0])}


def _count_classes(confusions: dict[str, np.ndarray], truth: np.ndarray, predictions: dict) -> None:
    """Add what was confused with what, of answers that are classes."""
    for label, answer in predictions.items():
        if answer is not None and kind_of(truth) == kind_of(answer) == "classes":
            confusions[label] = confusions.get(label, 0) + metrics.confusion(truth, answer)


def _foreground(array: np.ndarray) -> np.ndarray | None:
    """The mask or labels; of classes 0 and 1 the mask of 1, of more classes None."""
    if kind_of(array) != "classes":
        return array
    return array == 1 if ((array <= 1) | (array == VOID)).all() else None


def _numbered(objects: np.ndarray) -> np.ndarray:
    """Labels as they are, a mask by its 8-connected components."""
    return _find("label").call(objects) if is_mask(objects) else objects


def _count(labels: np.ndarray) -> int:
    if labels.max() > labels.size:  # numbers with gaps so wide that counting each would take more memory than sorting
        return int(np.count_nonzero(np.unique(labels)))
    return int(np.count_nonzero(np.bincount(labels.ravel())[1:]))


def _agreement(label: str, predictions: dict[str, np.ndarray | None]) -> float:
    """The mean Dice of a prediction with those of the other methods; for classes their mean IoU."""
    own = predictions[label]
    others = [answer for name, answer in predictions.items() if name != label and answer is not None]
    if own is None or not others:
        return float("nan")
    return float(np.mean([_alike(own, other) for other in others]))


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    if kind_of(one) == kind_of(other) == "classes":
        return metrics.mean_iou(one, other)
    return metrics.dice(one > 0, other > 0)


def reason(fault: Exception) -> str:
    """Say in one line why a method failed; the type only where the author of the fault did not write for people."""
    text = " ".join(str(fault).split()) or "no reason given"
    return text if isinstance(fault, (ValueError, TypeError)) else f"{type(fault).__name__}: {text}"


def _table(rows: list[dict], more: Iterable[str] = ()) -> dict[str, np.ndarray]:
    return {name: np.array(list(_column(rows, name))) for name in [*COLUMNS, *more]}


def _column(rows: list[dict], name: str) -> Iterator:
    kind = COLUMNS.get(name, float)
    missing = "" if kind is str else float("nan")
    return (kind(row.get(name, missing)) for row in rows)
