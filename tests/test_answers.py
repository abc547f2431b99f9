"""Answers of models: labels, tuning on validation pairs, many views, uncertainty, calibration."""

import json
import shutil

import numpy as np
import pytest
from scenes import DATA

import cvkit
from cvkit import registry
from cvkit.classic.components import label
from cvkit.compare import metrics, objects
from cvkit.compare.calibration import calibration_error
from cvkit.deep import predict, quantize, read_card, tuning
from cvkit.deep.calibration import fit_temperature, temper
from cvkit.deep.card import annotate
from cvkit.deep.decode import decide, grow
from cvkit.deep.guard import guarded
from cvkit.deep.uncertainty import entropy
from cvkit.deep.views import VIEWS, views
from cvkit.errors import CvkitError

NUCLEI = registry.TRAINED / "nuclei"


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(NUCLEI, tmp_path / "model")


@pytest.fixture(scope="module")
def pair():
    cut = np.s_[:150, :150]
    return cvkit.read(DATA / "nuclei.png")[cut], cvkit.read_truth(DATA / "nuclei-truth.png")[cut]


def test_three_classes_give_labels_where_the_card_says_so(copy, pair):
    mask = cvkit.segment(pair[0], copy)
    annotate(copy, answer="labels")
    labels = cvkit.segment(pair[0], copy)
    assert cvkit.Pipeline(str(copy)).gives == "labels" and labels.dtype == np.int32
    assert np.array_equal(np.unique(labels), np.arange(labels.max() + 1))
    assert labels.max() == label(mask).max() and (mask <= (labels > 0)).all()  # without the line between touching ones
    assert objects.average_precision(pair[1], labels) > 0.7


def test_answers_that_a_card_cannot_give_are_refused(copy):
    with pytest.raises(ValueError, match="answer belongs to the network"):
        annotate(copy, answer="classes")
    with pytest.raises(ValueError, match="halo belongs to the network"):
        annotate(copy, halo=3)


def test_cores_grow_into_labels_without_a_gap():
    cores = np.zeros((9, 20), bool)
    cores[2:7, 2:8] = cores[2:7, 11:17] = True
    foreground = np.zeros_like(cores)
    foreground[1:8, 1:18] = True
    labels = grow(cores, foreground)
    assert labels.max() == 2 and ((labels > 0) == foreground).all()
    assert grow(~foreground & foreground, foreground).max() == 0


@pytest.mark.parametrize(("answer", "dtype"), [("mask", bool), ("labels", np.int32), ("classes", np.uint8)])
def test_two_classes_give_every_answer(answer, dtype):
    values = np.zeros((5, 9, 2), np.float32)
    values[:, :, 0] = 1
    values[1:3, 1:3], values[2:4, 6:8] = [0.3, 0.7], [0.45, 0.55]
    card = {"classes": ["background", "foreground"], "answer": answer, "foreground": [1], "contact": []}
    given = decide(values, card)
    assert given.dtype == dtype and (given > 0).sum() == 8 and given.max() == (2 if answer == "labels" else 1)
    if answer != "classes":
        assert (decide(values, card | {"threshold": 0.6}) > 0).sum() == 4  # the card's own
        assert (decide(values, card | {"threshold": 0.6}, 0.5) > 0).sum() == 8


def test_tuning_finds_the_threshold_that_fits(copy, pair):
    image, truth = pair
    wanted = cvkit.segment(image, copy, threshold=0.8)  # as if it were the truth: then this threshold is best
    tuned = cvkit.deep.tune_model(copy, [(image, wanted)])
    assert tuned["threshold"] == 0.8 and tuned["tuned"] == {"aim": "pixels", "pairs": 1, "score": 1.0}
    assert np.array_equal(cvkit.segment(image, copy), wanted), "the tuned model is used at once"
    before = objects.average_precision(truth, label(cvkit.segment(image, copy)))
    card = cvkit.deep.tune_model(copy, [pair], aim="objects")
    assert card == read_card(copy) and card["tuned"]["aim"] == "objects"
    assert objects.average_precision(truth, label(cvkit.segment(image, copy))) >= before - 0.05
    cvkit.Pipeline(f"nuclei | {card['postprocess'] or 'label'}")  # it is the text of steps


def test_void_counts_in_neither_tuning_nor_quantizing():
    answer = np.array([[False, True, True, True]])
    for truth in (np.array([[0, 1, 1, 255]], np.uint8), np.array([[0, 4, 4, -1]], np.int32)):
        assert tuning._pixels(truth, answer) == quantize._score(truth, answer) == 1
        assert tuning._pixels(truth, ~answer) == quantize._score(truth, ~answer) == 0
    assert tuning._pixels(answer, answer) == 1


def test_tuning_refuses_in_words(copy, pair, monkeypatch):
    with pytest.raises(ValueError, match="there are no pairs to tune on"):
        cvkit.deep.tune_model(copy, [])
    with pytest.raises(ValueError, match="`aim` must be one of 'objects', 'pixels'"):
        cvkit.deep.tune_model(copy, [pair], aim="dice")
    with pytest.raises(ValueError, match="there are no pairs to calibrate on"):
        cvkit.deep.calibrate(copy, [])


def test_views_put_back_are_the_image():
    image = np.random.default_rng(0).random((6, 9, 3)).astype(np.float32)
    seen = []

    def run(view):
        seen.append(view)
        return view

    for values in views(run, image, 3):
        assert np.array_equal(values, image)
    assert len(seen) == VIEWS and {view.shape for view in seen} == {(7, 9, 3), (9, 7, 3)}
    assert len({view.tobytes() for view in seen}) == VIEWS


def test_more_views_are_no_worse_and_turn_with_the_image(pair):
    image, truth = pair[0][:99, :131], pair[1][:99, :131]
    once, often = (cvkit.segment(image, "nuclei", augment=augment) for augment in (False, True))
    assert metrics.dice(truth > 0, often) > metrics.dice(truth > 0, once) - 0.01
    assert np.array_equal(cvkit.segment(image, "nuclei(augment=True)"), often)
    turned = predict.probabilities(np.rot90(image), NUCLEI, augment=True)
    assert np.allclose(turned, np.rot90(predict.probabilities(image, NUCLEI, augment=True)), atol=1e-5)
    assert not np.allclose(
        predict.probabilities(np.rot90(image), NUCLEI), np.rot90(predict.probabilities(image, NUCLEI))
    )


def test_uncertainty_is_highest_at_borders(pair):
    image, truth = pair
    for kind in ("entropy", "disagreement"):
        unsure = cvkit.deep.uncertainty(image, NUCLEI, kind=kind)
        assert unsure.shape == image.shape[:2] and unsure.dtype == np.float32 and 0 <= unsure.min() <= unsure.max() <= 1
        wrong = cvkit.segment(image, NUCLEI) != (truth > 0)
        assert unsure[wrong].mean() > 4 * unsure[~wrong].mean()
    with pytest.raises(ValueError, match="`kind` must be one of 'entropy', 'disagreement'"):
        cvkit.deep.uncertainty(image, NUCLEI, kind="variance")


def test_views_that_contradict_each_other_disagree(monkeypatch):
    said = [np.full((2, 2, 2), [0.0, 1.0], np.float32), np.full((2, 2, 2), [1.0, 0.0], np.float32)]
    module = __import__("sys").modules["cvkit.deep.uncertainty"]
    monkeypatch.setattr(module, "looks", lambda image, model, augment: iter(said))
    assert cvkit.deep.uncertainty(np.eye(2), NUCLEI, kind="disagreement").min() == 1 and entropy(said[0]).max() == 0


def test_temperature_is_found_again():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (40_000, 3))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    classes = (true.cumsum(axis=1) > rng.random((len(true), 1))).argmax(axis=1)
    for temperature in (0.5, 1.0, 2.5):
        said = np.exp(temperature * logits)
        said = (said / said.sum(axis=1, keepdims=True)).astype(np.float32)
        found = fit_temperature(said, classes)
        assert found == pytest.approx(temperature, rel=0.05)
        assert np.allclose(temper(said, temperature), true, atol=1e-4)
        assert calibration_error(classes[None], temper(said, found)[None]) < 0.01
        assert temperature == 1 or calibration_error(classes[None], said[None]) > 0.04


def test_calibration_error_is_that_of_asking_every_bin():
    rng = np.random.default_rng(1)
    said = rng.dirichlet([1, 1, 1], (20, 30))
    truth = rng.integers(0, 3, (20, 30)).astype(np.uint8)
    truth[:3] = 255
    sure, right, total = said.max(axis=2)[3:], said.argmax(axis=2)[3:] == truth[3:], 0.0
    for low in np.arange(10) / 10:
        inside = (sure >= low) & (sure < low + 0.1)
        total += inside.mean() * abs(sure[inside].mean() - right[inside].mean()) if inside.any() else 0
    assert calibration_error(truth, said, bins=10) == pytest.approx(total)
    assert np.isnan(calibration_error(np.full((2, 2), 255, np.uint8), np.ones((2, 2, 1))))
    with pytest.raises(ValueError, match="truth and probabilities must have the same height and width"):
        calibration_error(truth[:5], said)


def test_calibration_writes_the_temperature_that_probabilities_are_at(copy, pair):
    before = predict.probabilities(pair[0], copy)
    card = cvkit.deep.calibrate(copy, [pair])
    after = predict.probabilities(pair[0], copy)
    assert np.allclose(after, temper(before, card["temperature"]), atol=1e-6) and after.dtype == np.float32
    assert card["calibration"]["error"] <= card["calibration"]["error_before"] and card["temperature"] != 1
    again = cvkit.deep.calibrate(copy, [pair])
    assert again["temperature"] == pytest.approx(card["temperature"], rel=1e-2)


def test_a_truth_that_does_not_fit_is_not_calibrated_to(copy, pair):
    image, labels = pair
    with pytest.raises(ValueError, match="an image and its truth must have the same height and width"):
        cvkit.deep.calibrate(copy, [(image, labels[:-10])])
    part_known = np.where(np.arange(labels.shape[1]) < 60, labels, -1)
    assert cvkit.deep.calibrate(copy, [(image, part_known)])["temperature"] > 0
    unknown = np.where(labels > 0, 7, 0).astype(np.uint8)
    with pytest.raises(ValueError, match=r"holds the classes 0 to \d, and 255 where it is not known, got 7"):
        cvkit.deep.calibrate(copy, [(image, unknown)])


def test_tuning_keeps_what_a_card_makes_of_a_mask(copy, pair):
    """A model whose last step parts the mask into labels gives labels afterwards, too."""
    card = read_card(copy) | {"answer": "mask", "postprocess": "split"}
    (copy / "card.json").write_text(json.dumps(card))
    assert cvkit.segment(pair[0], copy).dtype == np.int32
    cvkit.deep.tune_model(copy, [pair], aim="objects")
    assert cvkit.segment(pair[0], copy).dtype == np.int32


def test_a_model_of_classes_is_calibrated_but_not_tuned(copy, pair):
    card = read_card(copy) | {"answer": "classes", "postprocess": ""}
    (copy / "card.json").write_text(json.dumps(card))
    image, classes = pair[0], (pair[1] > 0).astype(np.uint8)
    assert cvkit.segment(image, copy).dtype == np.uint8
    with pytest.raises(ValueError, match="it has no threshold to tune"):
        cvkit.deep.tune_model(copy, [(image, classes)])
    assert cvkit.deep.calibrate(copy, [(image, classes)])["temperature"] > 0
    assert np.allclose(predict.probabilities(image, copy).sum(axis=2), 1, atol=1e-5)


def test_an_engine_without_memory_says_for_how_many_pixels():
    def run(images):
        raise RuntimeError("BFCArena::AllocateRawInternal Available memory of 1 is smaller than requested bytes of 2")

    with pytest.raises(CvkitError, match="there is no memory for this network on 16 x 32 pixels at once"):
        guarded(lambda _: run, NUCLEI)(np.zeros((1, 16, 32, 3), np.float32))
