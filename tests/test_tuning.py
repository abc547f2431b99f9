"""Every combination, the best first, and no step run twice for nothing."""

import numpy as np
import pytest
from scenes import blobs

import cvkit
from cvkit.preprocess import gaussian


@pytest.fixture
def pairs():
    found = [blobs(seed) for seed in range(3)]
    return [(image, labels > 0) for image, labels in found]


def test_it_agrees_with_evaluate(pairs):
    found = cvkit.tune("gaussian(sigma=[1, 2]) | percentile | remove_small(area=[4, 30])", pairs, share=[0.3, 0.6])
    texts = found.rows["method"].tolist()
    assert len(set(texts)) == 8 and "gaussian(sigma=2) | percentile(share=0.6) | remove_small(area=30)" in texts
    summary = cvkit.evaluate(texts, pairs).summary()
    assert found.rows["dice"] == pytest.approx(summary["dice"])
    assert found.rows["low"] == pytest.approx(summary["dice_low"])
    assert (np.diff(found.rows["dice"]) <= 0).all() and found.best == texts[0]
    assert "Best of 8" in str(found) and str(found).count("percentile") == 9


def test_less_is_better_where_it_is(pairs):
    found = cvkit.tune("percentile", pairs, metric="hausdorff95", share=[0.3, 0.6, 0.9])
    assert (np.diff(found.rows["hausdorff95"]) >= 0).all()


def test_shared_steps_run_once(pairs, monkeypatch):
    calls = []

    def counted(image, *, sigma=1):
        calls.append(sigma)
        return gaussian(image, sigma=sigma)

    import cvkit.preprocess

    counted.__annotations__ = gaussian.__annotations__
    monkeypatch.setattr(cvkit.preprocess, "gaussian", counted)
    cvkit.tune("gaussian(sigma=[1, 2]) | percentile(share=[0.3, 0.5, 0.7])", pairs[:2])
    assert calls == [1, 2, 1, 2]


def test_what_fails_on_a_pair_does_not_win(pairs):
    image, truth = pairs[0]
    found = cvkit.tune("crop(row0=0, col0=0, row1=[20, 30], col1=9) | otsu", [(image[:30, :9], truth[:30, :9])])
    assert found.rows["failures"].tolist() == [0, 1] and "row1=30" in found.best
    with pytest.raises(ValueError, match="every combination fails on some pair; the first one: image and"):
        cvkit.tune("crop(row0=0, col0=0, row1=[20, 30], col1=9) | otsu", [(image, truth)])


@pytest.mark.parametrize(
    ("method", "choices", "words"),
    [
        ("otsu", {}, "lists of values to choose from"),
        ("otsu | remove_small(area=[])", {}, "lists of values to choose from"),
        ("sauvola", {"windw": [3]}, "did you mean 'window'"),
        ("sauvola", {"window": list(range(3, 20001, 2))}, "at most 5,000 combinations, got 9,999"),
        ("remove_small(area=[3])", {}, "takes a mask or labels"),
    ],
)
def test_faults_are_explained(pairs, method, choices, words):
    with pytest.raises(ValueError, match=words):
        cvkit.tune(method, pairs, **choices)


def test_no_pairs():
    with pytest.raises(ValueError, match="at least one"):
        cvkit.tune("sauvola", [], window=[3, 5])
