"""The least energy against all masks there are and against another solver; Howe's method on pages that we draw."""

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import cvkit
from cvkit.classic import cuts
from cvkit.classic.thresholds import howe


def energy(mask, cost, right, down):
    across = right[:, :-1][mask[:, 1:] != mask[:, :-1]].sum()
    return cost[mask].sum() + across + down[:-1][mask[1:] != mask[:-1]].sum()


def slow_cut(cost, right, down):
    """Try every mask; of those of least energy take the smallest."""
    masks = [np.array(bits).reshape(cost.shape) for bits in itertools.product([False, True], repeat=cost.size)]
    return min(masks, key=lambda mask: (energy(mask, cost, right, down), mask.sum()))


def test_minimum_cut_against_every_mask():
    rng = np.random.default_rng(0)
    for _ in range(150):
        shape = rng.integers(1, 4, 2)
        cost, (right, down) = rng.integers(-6, 7, shape), rng.integers(0, 6, (2, *shape))
        assert np.array_equal(cuts.minimum_cut(cost, right, down), slow_cut(cost, right, down))


def scipy_cut(cost, right, down):
    """One flow over the whole grid, nothing settled before."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    size = cost.size
    price = np.zeros((size + 2, size + 2), np.int32)
    number = np.arange(size).reshape(cost.shape)
    price[size, :size], price[:size, size + 1] = np.maximum(-cost, 0).ravel(), np.maximum(cost, 0).ravel()
    for one, other, pair in ((number[:, :-1], number[:, 1:], right[:, :-1]), (number[:-1], number[1:], down[:-1])):
        price[one, other] = price[other, one] = pair
    rest = price - maximum_flow(csr_array(price), size, size + 1).flow.toarray()
    reached = breadth_first_order(csr_array(np.maximum(rest, 0)), size, return_predecessors=False)
    return np.isin(number, reached)


@pytest.mark.parametrize("price", [3, 20, 200])
def test_minimum_cut_is_that_of_one_flow_over_all(price):
    rng = np.random.default_rng(price)
    cost = rng.integers(-60, 61, (23, 31))
    right, down = rng.integers(0, price, (2, 23, 31)) * (rng.random((2, 23, 31)) < 0.8)
    assert np.array_equal(cuts.minimum_cut(cost, right, down), scipy_cut(cost, right, down))


@settings(max_examples=40, deadline=None)
@given(arrays(np.int32, (5, 7), elements=st.integers(-9, 9)), st.integers(0, 9))
def test_no_single_change_is_better(cost, price):
    pairs = np.full(cost.shape, price)
    mask = cuts.minimum_cut(cost, pairs, pairs)
    least = energy(mask, cost, pairs, pairs)
    for place in np.ndindex(mask.shape):
        other = mask.copy()
        other[place] ^= True
        assert energy(other, cost, pairs, pairs) >= least


def test_prices_beyond_32_bits_are_as_good_as_any():
    cost = np.array([[-(2**40), 2**40, -1]])
    pairs = np.full((1, 3), 2**20)
    assert cuts.minimum_cut(cost, pairs, pairs).tolist() == [[True, False, False]]


def page(height=160, width=220, seed=1):
    """Strokes of ink on stained, unevenly lit, noisy paper."""
    rng = np.random.default_rng(seed)
    ink = np.zeros((height, width), np.uint8)
    for row in range(20, height - 15, 28):
        cv2.putText(ink, "The quick brown", (8, row), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    stain = cv2.GaussianBlur((rng.random((height, width)) < 0.001).astype(np.float32), (0, 0), 15)
    light = 150 + 70 * np.arange(width) / width - 40 * stain / stain.max()
    image = light - 60 * cv2.GaussianBlur(ink / 255, (0, 0), 0.7) + rng.normal(0, 3, ink.shape)
    return np.clip(image, 0, 255).astype(np.uint8), ink > 127


def test_ink_is_found_where_one_threshold_cannot():
    image, ink = page()
    found = cvkit.segment(image, "howe(foreground='dark')")
    scores = [
        cvkit.compare.metrics.dice(ink, mask) for mask in (found, cvkit.segment(image, "otsu(foreground='dark')"))
    ]
    assert scores[0] > 0.85 and scores[1] < 0.5


def test_light_ink_is_dark_ink_of_the_inverse():
    image, _ = page()
    dark = howe.segment(image, foreground="dark")
    assert np.array_equal(howe.segment(255 - image), dark)
    assert np.array_equal(howe.segment(image.T, foreground="dark"), dark.T)


@pytest.mark.parametrize("scale", [1e-6, 256, 1e12])
def test_the_unit_does_not_matter(scale):
    image, _ = page()
    dark = howe.segment(image, foreground="dark")
    other = howe.segment((image + 7.0) * scale, foreground="dark")
    assert np.mean(other != dark) < 1e-3


def test_strips_meet_without_a_seam(monkeypatch):
    image, _ = page(700, 150)
    whole = howe.segment(image, foreground="dark")
    monkeypatch.setattr(howe, "STRIP", 150 * 256)
    assert len(list(howe._strips(*image.shape))) == 3
    assert np.mean(howe.segment(image, foreground="dark") != whole) < 1e-3


def test_what_is_left_out_is_no_ink_and_leaves_no_trace():
    image, _ = page()
    seen = np.ones(image.shape, bool)
    seen[40:90, 60:140] = False
    spoiled = np.where(seen, image, 0)
    found = cvkit.segment(spoiled, "howe(foreground='dark')", mask=seen)
    assert not found[~seen].any()
    inner = cv2.erode(seen.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    usual = cvkit.segment(image, "howe(foreground='dark')")
    assert np.mean(found[inner] != usual[inner]) < 0.02
    missing = np.where(seen, image, np.nan)
    assert np.array_equal(cvkit.segment(missing, "howe(foreground='dark', nan='ignore')"), found)


def test_more_smoothness_leaves_less_outline():
    image, _ = page()
    noisy = np.clip(image + np.random.default_rng(0).normal(0, 12, image.shape), 0, 255).astype(np.uint8)
    found = [howe.segment(noisy, foreground="dark", smoothness=price) for price in (0, 0.5, 2)]
    lengths = [np.count_nonzero(mask[1:] != mask[:-1]) for mask in found]
    assert lengths[0] > 2 * lengths[1] > 2 * lengths[2]


def test_parameters_out_of_range():
    image, _ = page()
    for wrong in ({"edges": 0}, {"edges": -1}, {"smoothness": -0.1}, {"smoothness": 1e9}, {"foreground": "black"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            howe.segment(image, **wrong)
