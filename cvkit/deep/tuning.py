"""Choose on validation images what a model does with its probabilities, and write that into its card."""

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np

from cvkit.arrays import VOID, as_labels, as_mask, is_mask, is_void, one_of, same_shape
from cvkit.classic.components import label
from cvkit.compare import metrics, objects
from cvkit.compare.calibration import calibration_error
from cvkit.deep.calibration import fit_temperature, temper
from cvkit.deep.card import annotate, check_steps
from cvkit.deep.decode import decide
from cvkit.deep.predict import apply, load_model, outputs
from cvkit.deep.star_objects import OVERLAP, STAR
from cvkit.deep.target import kind_of_truth, part
from cvkit.errors import CvkitError

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
STARS, OVERLAPS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0), (0.1, 0.3, 0.5)  # 1 = by none
IOUS = (0.5, 0.6, 0.7, 0.8, 0.9)
SAMPLE = 20_000  # pixels an image that a temperature is fitted to


def tune_model(model: str | Path, pairs: Sequence, *, aim: str | None = None) -> dict:
    """Choose the threshold, overlap of stars and last steps that are best on validation pairs, into the card.

    All combinations are tried; the network runs once an image. Of equal ones the card's own, or the simplest, is taken.

    Parameters
    ----------
    model : path
        A model folder, of a model that gives a mask or labels. Calibrate it before, if at all: see `calibrate`.
    pairs : sequence of (image, truth) arrays
        Not those that it learnt from, and not those that it will be judged by.
    aim : {"objects", "pixels"}, optional
        "objects": average precision, the mean over IoU .5 to .9; what a model of labels is tuned for by default.
        "pixels": Dice; what a model of masks is tuned for by default.

    Returns
    -------
    card : dict
        As written; ``tuned`` says how good the choice is: the mean over the pairs.

    Raises
    ------
    ValueError
        If the model gives classes, of which the most probable is taken; or there are no pairs.

    Examples
    --------
    ``cvkit.deep.tune_model("runs/cells/model", held_back)["threshold"]``
    """
    card, _ = load_model(model)
    if card["answer"] == "classes":
        raise CvkitError(
            "model-threshold",
            came=f"{model} gives the most probable class: it has no threshold to tune",
            remedy="`calibrate` it instead",
        )
    if len(pairs) == 0:
        raise CvkitError(
            "pairs-empty", came="there are no pairs to tune on", remedy="expected a list of (image, truth) arrays"
        )
    aim = ("objects" if card["answer"] == "labels" else "pixels") if aim is None else aim
    score = {"objects": _objects, "pixels": _pixels}[one_of(aim, "aim", ("objects", "pixels"))]
    choices, scores = [], []
    for image, truth in pairs:
        values = outputs(image, model)
        choices = choices or list(_choices(card, pairs, stars=values.shape[2] > len(card["classes"])))
        scores.append(list(_scores(values, truth, card, choices, score)))
    scores = np.array(scores)
    best = int(scores.mean(axis=0).argmax())
    tuned = {"aim": aim, "pairs": len(pairs), "score": round(float(scores.mean(axis=0)[best]), 4)}
    return annotate(model, **choices[best], tuned=tuned)


def _choices(card: dict, pairs: Sequence, *, stars: bool) -> Iterator[dict]:
    """All that the card might say, what it says now first; sizes are fractions of a true object's."""
    truths = [label(as_mask(truth)) if is_mask(truth) else as_labels(truth) for _, truth in pairs]
    areas = np.concatenate([np.bincount(truth.reshape(-1))[1:] for truth in truths])
    middle = float(np.median(areas[areas > 0])) if areas.any() else 0.0
    steps = [f"remove_small(area={size})" for size in sorted({round(middle / share) for share in (16, 8, 4)} - {0, 1})]
    own, kind = card["postprocess"], check_steps(card)
    if kind == "mask":
        steps += ["fill_holes", *(f"fill_holes | {step}" for step in steps)]
    # Where the card's own steps make another kind of answer, they stay.
    steps = ["", *steps] if kind == card["answer"] else [f"{own} | {step}" for step in steps]
    tried = {
        "threshold": (card.get("threshold", 0.5), *(THRESHOLDS[2:-2] if stars else THRESHOLDS)),
        "star": (card.get("star", STAR), *STARS) if stars else (),
        "overlap": (card.get("overlap", OVERLAP), *OVERLAPS) if stars else (),
        "postprocess": (own, *steps),
    }
    tried = {name: dict.fromkeys(values) for name, values in tried.items() if values}
    for values in product(*tried.values()):
        yield dict(zip(tried, values, strict=True))


def _scores(values: np.ndarray, truth: np.ndarray, card: dict, choices: Sequence, score) -> Iterator[float]:
    """How good each choice is on one image; those that differ in the last steps only follow each other."""
    before, decided = None, None
    for choice in choices:
        rest = choice | {"postprocess": ""}
        if rest != before:
            before, decided = rest, decide(values, card | choice)
        yield score(truth, apply(choice["postprocess"], decided))


def _objects(truth: np.ndarray, answer: np.ndarray) -> float:
    """The mean of `objects.average_precision` over IoUs, by one match: above .5 an object has one partner at most."""
    truth, answer = (label(array) if is_mask(array) else as_labels(array) for array in (truth, answer))
    iou = objects.match_objects(truth, answer)["iou"]
    count = sum(np.count_nonzero(np.bincount(labels.reshape(-1))[1:]) for labels in (truth, answer))
    hits = [np.count_nonzero(iou > least) for least in IOUS]
    return float(np.mean([hit / (count - hit) if count else 1.0 for hit in hits]))


def _pixels(truth: np.ndarray, answer: np.ndarray) -> float:
    """Dice of the foreground, void pixels left out."""
    truth = np.asarray(truth)
    known = ~is_void(truth)
    return metrics.dice((truth > 0) & known, (answer > 0) & known)


def calibrate(model: str | Path, pairs: Sequence) -> dict:
    """Find the temperature that makes a model's probabilities mean what they say, and write it into the card.

    From then on `probabilities`, and all that is decided by them, are at this temperature.

    Parameters
    ----------
    model : path
        A model folder.
    pairs : sequence of (image, truth) arrays
        Not those that it learnt from.

    Returns
    -------
    card : dict
        As written: ``temperature``, and ``calibration``, the expected calibration error before and after.

    Raises
    ------
    ValueError
        If there are no pairs, or a truth is not of its image's size or not of the model's classes.

    Examples
    --------
    ``cvkit.deep.calibrate("runs/cells/model", held_back)["temperature"]``
    """
    if len(pairs) == 0:
        raise CvkitError(
            "pairs-empty", came="there are no pairs to calibrate on", remedy="expected a list of (image, truth) arrays"
        )
    card, _ = load_model(model)
    count, rng = len(card["classes"]), np.random.default_rng(0)
    values, classes = [], []
    for image, truth in pairs:
        truth = _classes(truth, card)
        same_shape(image, truth, "an image and its truth")
        chosen = rng.permutation(truth.size)[:SAMPLE]
        values.append(outputs(image, model)[:, :, :count].reshape(-1, count)[chosen])
        classes.append(truth.reshape(-1)[chosen])
    values, classes = np.concatenate(values), np.concatenate(classes)
    factor = fit_temperature(values, classes)
    errors = [calibration_error(classes[None], p[None]) for p in (values, temper(values, factor))]
    temperature = round(card.get("temperature", 1.0) * factor, 4)
    before, after = (round(error, 5) for error in errors)
    return annotate(model, temperature=temperature, calibration={"error_before": before, "error": after})


def _classes(truth: np.ndarray, card: dict) -> np.ndarray:
    """The class of each pixel, as the model was taught it."""
    truth, count = np.asarray(truth), len(card["classes"])
    if kind_of_truth(truth) == "labels" and card["answer"] != "classes":
        labels = as_labels(truth, "truth", void=True)
        return part(labels) if card["contact"] else np.where(labels < 0, VOID, labels > 0).astype(np.uint8)
    unknown = np.setdiff1d(truth, [*range(count), VOID])
    if unknown.size:
        raise CvkitError(
            "truth-kind",
            f"a truth for this model holds the classes 0 to {count - 1}, and {VOID} where it is not known",
            came=f"{unknown[0]}",
            remedy="give the truths that it was taught with",
        )
    return truth.astype(np.uint8)
