"""The measures of document contests, against numbers counted by hand, a slow twin and scikit-image."""

import math

import numpy as np
import pytest
from skimage import data, morphology

import cvkit
from cvkit.compare import documents

TRUTH = np.zeros((5, 9), bool)
TRUTH[1:4, 1:8] = True  # 21 pixels, whose skeleton is the 5 in the middle


def test_psnr_by_hand():
    other = TRUTH.copy()
    other[0, 0], other[2, 2] = True, False  # 2 of 45 differ
    assert documents.psnr(TRUTH, other) == pytest.approx(10 * math.log10(45 / 2))
    assert documents.psnr(TRUTH, TRUTH) == math.inf
    assert documents.psnr(TRUTH, ~TRUTH) == 0


def test_drd_by_hand():
    near, diagonal, two, knight = 1, 1 / math.sqrt(2), 1 / 2, 1 / math.sqrt(5)
    everything = 4 * (near + diagonal + two + 2 * knight + diagonal / 2)
    truth = np.zeros((16, 16), bool)
    truth[2, :] = True  # two blocks of four hold both
    far = truth.copy()
    far[10, 10] = True  # all 24 neighbours are paper
    assert documents.drd(truth, far) == pytest.approx(1 / 2)
    beside = truth.copy()
    beside[3, 8] = True  # of the neighbours one row is ink
    ink = near + 2 * diagonal + 2 * knight
    assert documents.drd(truth, beside) == pytest.approx((1 - ink / everything) / 2)
    gap = truth.copy()
    gap[2, 0] = False  # at the border: the ink beside it is all that counts
    assert documents.drd(truth, gap) == pytest.approx((near + two) / everything / 2)


def slow_drd(truth, prediction):
    total = blocks = 0
    weights = {(r, c): 1 / math.hypot(r, c) for r in range(-2, 3) for c in range(-2, 3) if (r, c) != (0, 0)}
    height, width = truth.shape
    for row, col in zip(*np.nonzero(truth != prediction), strict=True):
        for (down, right), weight in weights.items():
            r, c = row + down, col + right
            if 0 <= r < height and 0 <= c < width and truth[r, c] != prediction[row, col]:
                total += weight / sum(weights.values())
    for row in range(0, height, 8):
        for col in range(0, width, 8):
            block = truth[row : row + 8, col : col + 8]
            blocks += block.any() and not block.all()
    return total / blocks


def test_drd_against_a_slow_twin():
    rng = np.random.default_rng(2)
    for shape in ((8, 8), (17, 30), (1, 40), (33, 9)):
        truth, prediction = rng.random((2, *shape)) < 0.3
        assert documents.drd(truth, prediction) == pytest.approx(slow_drd(truth, prediction))


def test_drd_where_there_are_no_edges():
    none = np.zeros((9, 9), bool)
    assert documents.drd(none, none) == 0
    assert documents.drd(none, ~none) == math.inf


def test_pseudo_f_by_hand():
    found = np.zeros(TRUTH.shape, bool)
    found[2, 2:5] = found[0, 0] = True  # 3 of 5 bones, 3 of 4 right
    bones = np.count_nonzero(documents.thin(TRUTH))
    recall, precision = 3 / bones, 3 / 4
    assert bones == 5
    assert documents.pseudo_f(TRUTH, found) == pytest.approx(2 * recall * precision / (recall + precision))
    nothing = np.zeros(TRUTH.shape, bool)
    assert documents.pseudo_f(nothing, nothing) == documents.pseudo_f(TRUTH, TRUTH) == 1
    assert documents.pseudo_f(TRUTH, nothing) == documents.pseudo_f(nothing, TRUTH) == 0
    assert documents.pseudo_f(TRUTH, ~TRUTH) == 0


def test_thin_is_that_of_scikit_image():
    for mask in (data.horse() == 0, data.page() < 140, np.random.default_rng(0).random((90, 80)) < 0.7):
        assert np.array_equal(documents.thin(mask), morphology.thin(mask))


@pytest.mark.parametrize("name", ["psnr", "drd", "pseudo_f"])
def test_what_does_not_fit_is_refused(name):
    score = getattr(documents, name)
    with pytest.raises(ValueError, match="truth and prediction must have the same height and width"):
        score(TRUTH, TRUTH.T)
    with pytest.raises(ValueError, match="`prediction` must hold 0 and one other value"):
        score(TRUTH, np.arange(45).reshape(5, 9))


def test_evaluate_takes_them_as_columns():
    image = np.where(TRUTH, 50, 200).astype(np.uint8)
    worse = image.copy()
    worse[0, 0] = 0
    methods = {"good": 'otsu(foreground="dark")', "bad": "otsu"}
    pairs = [(image, TRUTH), (worse, TRUTH)]
    found = cvkit.evaluate(methods, pairs, metrics=["psnr", "drd", "pseudo_f"])
    assert found.rows["psnr"][0] == math.inf and found.rows["psnr"][1] == found.rows["drd"][0] == 0
    assert found.rows["psnr"][2] == pytest.approx(10 * math.log10(45))
    summary = found.summary()
    assert summary["pseudo_f"][0] == pytest.approx(np.mean(found.rows["pseudo_f"][[0, 2]]))
    assert "psnr" not in cvkit.evaluate("otsu", pairs).rows
    text = str(found)
    assert "pseudo-F" in text and "DRD" in text
    with pytest.raises(ValueError, match="no score is called 'ssim'"):
        cvkit.evaluate("otsu", pairs, metrics=["ssim"])
