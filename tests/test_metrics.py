"""The scores, against tables counted by hand and against slow twins."""

import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import linear_sum_assignment

from cvkit.compare import borders, metrics, objects, scores

TRUTH = np.array([[1, 1, 1, 0], [1, 0, 0, 0]], bool)
PREDICTION = np.array([[1, 1, 0, 1], [0, 0, 0, 0]], bool)  # 2 hit, 1 false alarm, 2 missed
NONE = np.zeros((2, 4), bool)
SCORES = ("dice", "iou", "precision", "recall")


@pytest.mark.parametrize(("name", "value"), [("dice", 4 / 7), ("iou", 2 / 5), ("precision", 2 / 3), ("recall", 2 / 4)])
def test_counted_by_hand(name, value):
    assert getattr(metrics, name)(TRUTH, PREDICTION) == pytest.approx(value)


@pytest.mark.parametrize("name", SCORES)
def test_empty_sides(name):
    score = getattr(metrics, name)
    assert score(NONE, NONE) == 1
    assert score(TRUTH, NONE) == score(NONE, TRUTH) == 0
    assert score(TRUTH, TRUTH) == 1


@pytest.mark.parametrize("name", SCORES)
def test_what_is_no_mask_is_refused(name):
    score = getattr(metrics, name)
    with pytest.raises(ValueError, match=r"truth and prediction must have the same height and width"):
        score(TRUTH, PREDICTION.T)
    with pytest.raises(ValueError, match="`prediction` must hold 0 and one other value"):
        score(TRUTH, np.arange(8).reshape(2, 4))
    with pytest.raises(TypeError, match="`truth` must be an array"):
        score(None, PREDICTION)


def test_pixel_scores_against_counting_one_by_one():
    rng = np.random.default_rng(5)
    for share in (0.1, 0.5, 0.9):
        truth, found = rng.random((2, 13, 17)) < share
        pairs = list(zip(truth.ravel().tolist(), found.ravel().tolist(), strict=True))
        hit, alarm, missed = (pairs.count(kind) for kind in ((True, True), (False, True), (True, False)))
        assert metrics.dice(truth, found) == 2 * hit / (2 * hit + alarm + missed)
        assert metrics.iou(truth, found) == hit / (hit + alarm + missed)
        assert metrics.precision(truth, found) == hit / (hit + alarm)
        assert metrics.recall(truth, found) == hit / (hit + missed)


def test_precision_and_recall_change_places_with_their_arguments():
    assert metrics.precision(TRUTH, PREDICTION) == metrics.recall(PREDICTION, TRUTH)


def test_mean_iou_by_hand():
    truth = np.array([[0, 0, 1, 1, 2, 255]], np.uint8)
    prediction = np.array([[0, 1, 1, 1, 3, 0]], np.uint8)
    assert metrics.mean_iou(truth, prediction) == pytest.approx((1 / 2 + 2 / 3 + 0 + 0) / 4)
    assert metrics.mean_iou(truth, truth) == 1
    assert math.isnan(metrics.mean_iou(np.full((1, 2), 255, np.uint8), np.zeros((1, 2), np.uint8)))
    with pytest.raises(ValueError, match=r"0\.\.255"):
        metrics.mean_iou(np.array([[256]]), np.array([[0]]))


def test_mean_iou_against_counting_one_by_one():
    rng = np.random.default_rng(6)
    for _ in range(5):
        truth, found = rng.choice([0, 1, 2, 7], (2, 11, 9)).astype(np.uint8)
        truth[rng.random(truth.shape) < 0.1] = 255
        pairs = [pair for pair in zip(truth.ravel().tolist(), found.ravel().tolist(), strict=True) if pair[0] != 255]
        ious = [
            sum(pair == (n, n) for pair in pairs) / sum(n in pair for pair in pairs) for n in set(sum(pairs, start=()))
        ]
        assert metrics.mean_iou(truth, found) == pytest.approx(np.mean(ious))


def test_void_that_is_predicted_is_wrong():
    assert metrics.mean_iou(np.array([[1, 1]], np.uint8), np.array([[1, 255]], np.uint8)) == 0.5


def squares(rng, number, size=40):
    labels = np.zeros((size, size), np.int32)
    for value in rng.permutation(number) + 1:
        row, col = rng.integers(0, size - 4, 2)
        labels[row : row + rng.integers(2, 10), col : col + rng.integers(2, 10)] = value * 3
    return labels


def slow_average_precision(truth, prediction, iou):
    """Every pair by itself, then the best assignment."""
    one, other = ([labels == n for n in np.unique(labels) if n] for labels in (truth, prediction))
    if not one and not other:
        return 1.0
    found = np.array([[(a & b).sum() / (a | b).sum() >= iou for b in other] for a in one]).reshape(len(one), len(other))
    rows, cols = linear_sum_assignment(found, maximize=True)
    hit = int(found[rows, cols].sum())
    return hit / (len(one) + len(other) - hit)


@pytest.mark.parametrize("iou", [0.5, 0.6, 0.75, 0.9])
def test_average_precision_against_the_best_assignment(iou):
    rng = np.random.default_rng(7)
    seen = set()
    for _ in range(25):
        truth = squares(rng, 12)
        prediction = np.where(rng.random(truth.shape) < 0.15, 0, truth)
        prediction[rng.random(truth.shape) < 0.05] = 50
        score = objects.average_precision(truth, prediction, iou=iou)
        assert score == pytest.approx(slow_average_precision(truth, prediction, iou))
        seen.add(score)
    assert len(seen) > (1 if iou < 0.9 else 0)


def test_average_precision_of_tiny_images_full_of_ties():
    rng = np.random.default_rng(3)
    for _ in range(400):
        truth, prediction = rng.integers(0, 3, (2, 2, 3)).astype(np.int32)
        assert objects.average_precision(truth, prediction) == pytest.approx(
            slow_average_precision(truth, prediction, 0.5)
        )


def test_an_object_cut_in_exact_halves_is_found_once():
    whole, halves = np.array([[1, 1, 1, 1]]), np.array([[1, 1, 2, 2]])
    assert objects.average_precision(whole, halves) == objects.average_precision(halves, whole) == 1 / 2


def test_average_precision_at_its_limits():
    none, one = np.zeros((2, 3), np.int32), np.ones((2, 3), np.int32)
    assert objects.average_precision(none, none) == 1
    assert objects.average_precision(none, one) == objects.average_precision(one, none) == 0
    huge = one * (2**31 - 1)
    assert objects.average_precision(huge, one) == objects.average_precision(one, huge) == 1
    for iou in (0.49, 1.0, "0.5", float("nan"), True):
        with pytest.raises(ValueError, match=r"`iou` must be a number of at least 0.5 and below 1"):
            objects.average_precision(one, one, iou=iou)
    with pytest.raises(TypeError, match="number its objects first"):
        objects.average_precision(one > 0, one)
    with pytest.raises(ValueError, match="same height and width"):
        objects.average_precision(one, one.T)


def test_match_objects_lists_every_overlap():
    truth = np.array([[1, 1, 2, 2], [0, 0, 2, 2]], np.int32)
    prediction = np.array([[9, 9, 9, 0], [0, 0, 4, 4]], np.int32)
    pairs = objects.match_objects(truth, prediction)
    found = dict(
        zip(zip(pairs["truth"].tolist(), pairs["prediction"].tolist(), strict=True), pairs["iou"], strict=True)
    )
    assert found == pytest.approx({(1, 9): 2 / 3, (2, 9): 1 / 6, (2, 4): 2 / 4})


def test_bootstrap():
    values = np.random.default_rng(0).normal(0.7, 0.1, 60)
    low, high = metrics.bootstrap(values)
    error = values.std() / np.sqrt(60)
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.004)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.004)
    assert metrics.bootstrap(values) == (low, high) != metrics.bootstrap(values, seed=1)
    assert metrics.bootstrap([*values, np.nan]) == (low, high)
    reference = stats.bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(0))
    assert (low, high) == pytest.approx(tuple(reference.confidence_interval), abs=0.002)
    narrow = metrics.bootstrap(values, level=0.5)
    assert low < narrow[0] < narrow[1] < high
    assert np.isnan(metrics.bootstrap([0.3])).all() and np.isnan(metrics.bootstrap([np.nan, 0.3])).all()
    with pytest.raises(ValueError, match="`level`"):
        metrics.bootstrap(values, level=95)


@pytest.mark.parametrize(
    ("module", "absent"),
    [("cvkit.compare", {"numpy", "cv2", "matplotlib"}), ("cvkit.compare.metrics", {"cv2", "matplotlib", "keras"})],
)
def test_imports_stay_light(module, absent):
    code = f"import sys, {module}; print(*{absent!r} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def random_objects(rng, shape=(40, 50), objects=9):
    labels = np.zeros(shape, np.int32)
    for number in rng.permutation(objects) + 1:
        row, col = rng.integers(0, shape[0]), rng.integers(0, shape[1])
        labels[row : row + rng.integers(2, 14), col : col + rng.integers(2, 14)] = number
    return labels


def every_pair(truth, prediction):
    """IoU, intersection and union of every true and every predicted object, one by one."""
    for one in set(truth[truth > 0].tolist()):
        for other in set(prediction[prediction > 0].tolist()):
            both = np.count_nonzero((truth == one) & (prediction == other))
            either = np.count_nonzero((truth == one) | (prediction == other))
            yield one, other, both / either, both, either


def slow_panoptic_quality(truth, prediction):
    matched = [iou for *_, iou, _, _ in every_pair(truth, prediction) if iou > 0.5]
    one, other = (len(set(labels[labels > 0].tolist())) for labels in (truth, prediction))
    whole = len(matched) + (one - len(matched)) / 2 + (other - len(matched)) / 2
    return sum(matched) / whole if whole else 1


def slow_aggregated_jaccard(truth, prediction):
    shared = union = 0
    used = set()
    for one in set(truth[truth > 0].tolist()):
        best = max(
            (row for row in every_pair(truth, prediction) if row[0] == one), key=lambda row: row[2], default=None
        )
        if best is None or best[2] == 0:
            union += np.count_nonzero(truth == one)
        else:
            shared, union = shared + best[3], union + best[4]
            used.add(best[1])
    union += sum(np.count_nonzero(prediction == other) for other in set(prediction[prediction > 0].tolist()) - used)
    return shared / union if union else 1


def test_scores_of_objects_against_slow_twins(monkeypatch):
    rng = np.random.default_rng(1)
    for table in (objects.TABLE, 0):  # counted into a table, and by sorting
        monkeypatch.setattr(objects, "TABLE", table)
        for _ in range(12):
            truth = random_objects(rng)
            prediction = np.where(rng.random(truth.shape) < 0.9, np.roll(truth, 1), random_objects(rng)).astype(
                np.int32
            )
            assert objects.panoptic_quality(truth, prediction) == pytest.approx(
                slow_panoptic_quality(truth, prediction)
            )
            found = objects.aggregated_jaccard(truth, prediction)
            assert found == pytest.approx(slow_aggregated_jaccard(truth, prediction))
            ap, f1 = (score(truth, prediction, iou=0.6) for score in (objects.average_precision, objects.object_f1))
            assert f1 == pytest.approx(2 * ap / (1 + ap))
            assert objects.count_error(truth, prediction) == abs(
                len(np.unique(truth[truth > 0])) - len(np.unique(prediction[prediction > 0]))
            )


def test_scores_of_no_objects():
    none, one = np.zeros((2, 3), np.int32), np.ones((2, 3), np.int32)
    for score in (objects.panoptic_quality, objects.aggregated_jaccard, objects.object_f1):
        assert score(none, none) == 1 and score(none, one) == score(one, none) == 0 and score(one, one) == 1
        with pytest.raises(TypeError, match="mask"):
            score(one > 0, one)
    assert objects.count_error(none, one) == 1


def border(mask):
    """The pixels of a mask beside which there is background, or nothing."""
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.argwhere(mask & ~inner)


def test_scores_of_borders_against_all_distances():
    rng = np.random.default_rng(2)
    for _ in range(10):
        truth, prediction = (random_objects(rng, (20, 30), 4) > 0 for _ in range(2))
        prediction |= np.roll(truth, 1)
        away = np.linalg.norm(border(truth)[:, None] - border(prediction)[None], axis=2)
        near, far = away.min(axis=1), away.min(axis=0)
        assert borders.hausdorff95(truth, prediction) == pytest.approx(
            max(np.percentile(near, 95), np.percentile(far, 95))
        )
        assert borders.surface_dice(truth, prediction, tolerance=1.5) == pytest.approx(
            ((near <= 1.5).sum() + (far <= 1.5).sum()) / (len(near) + len(far))
        )
        recall, precision = np.mean(near <= 2), np.mean(far <= 2)
        assert borders.boundary_f(truth, prediction) == pytest.approx(2 * recall * precision / (recall + precision))
        for score in (borders.boundary_f, borders.surface_dice, borders.hausdorff95):
            assert score(truth, prediction) == pytest.approx(score(prediction, truth))


def test_scores_of_borders_that_are_not_there():
    none, one = np.zeros((3, 4), bool), np.eye(3, 4, dtype=bool)
    for score in (borders.boundary_f, borders.surface_dice):
        assert score(none, none) == 1 and score(none, one) == score(one, none) == 0 and score(one, one) == 1
    assert borders.hausdorff95(none, none) == borders.hausdorff95(one, one) == 0
    assert borders.hausdorff95(none, one) == borders.hausdorff95(one, none) == 5
    with pytest.raises(ValueError, match="tolerance"):
        borders.boundary_f(one, one, tolerance=-1)


def test_confusion_against_counting():
    rng = np.random.default_rng(3)
    truth, prediction = rng.integers(0, 4, (2, 9, 9)).astype(np.uint8)
    truth[0] = 255
    counts = metrics.confusion(truth, prediction)
    for one in range(4):
        for other in range(4):
            assert counts[one, other] == np.count_nonzero((truth == one) & (prediction == other))
    scores = metrics.class_scores(counts)
    mask = truth != 255
    for number in range(4):
        pair = (truth == number)[mask][None], (prediction == number)[mask][None]
        for name in ("iou", "precision", "recall"):
            assert scores[name][number] == pytest.approx(getattr(metrics, name)(*pair))
    assert np.isnan(scores["iou"][4:]).all()


def test_how_sure_a_difference_is():
    row = metrics.paired_bootstrap([0.1, -0.1])
    assert row["wins"] == row["losses"] == 1 and row["sure"] == pytest.approx(0.5, abs=0.05) and row["difference"] == 0
    assert metrics.paired_bootstrap([0.2] * 5)["sure"] == 1
    assert metrics.paired_bootstrap([0.0, 0.0])["sure"] == 0.5
    assert np.isnan(metrics.paired_bootstrap([0.3])["sure"]) and np.isnan(metrics.paired_bootstrap([])["difference"])


def test_every_score_by_name():
    names = set(scores.scores())
    assert {"dice", "mean_iou", "panoptic_quality", "boundary_f", "drd"} <= names and "bootstrap" not in names
    assert "confusion" not in names and "match_objects" not in names
    one = np.array([[1, 1, 0, 2]], np.int32)
    assert scores.score("ap60").call(one, one) == scores.score("f1_60").call(one, one) == 1
