"""Steps before a method: that they keep what tells values apart, in every unit and dtype."""

import numpy as np
import pytest

from cvkit import preprocess
from cvkit.arrays import as_gray
from cvkit.classic.hints import hint

FAR = 2**40
WIDE = [np.int64, np.uint64, np.float64]
NOISE = np.random.default_rng(0).integers(0, 1000, (40, 60))


@pytest.mark.parametrize("dtype", WIDE)
def test_what_is_common_to_all_values_takes_no_digits(dtype):
    near, far = NOISE.astype(np.float64), (NOISE + FAR).astype(dtype)
    assert np.allclose(preprocess.normalize(far), preprocess.normalize(near), atol=1e-6)
    for by in ("difference", "ratio"):
        flat = preprocess.flatten_background(far, sigma=5, by=by)
        assert flat.dtype == np.float64 and np.allclose(
            flat - FAR, preprocess.flatten_background(near, sigma=5), atol=0.5
        )
    for step in ({"height": 10}, {"height": 90}, {"height": 39, "width": 61}):
        small = preprocess.resize(far, **step)
        assert small.dtype == dtype and far.min() <= small.min() <= small.max() <= far.max()
        assert np.allclose((small - dtype(FAR)).astype(np.float64), preprocess.resize(near, **step), atol=0.51)
    blurred = preprocess.gaussian(far, sigma=2)
    assert np.allclose((blurred - dtype(FAR)).astype(np.float64), preprocess.gaussian(near, sigma=2), atol=0.51)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_steps_on_small_dtypes_stay_small(dtype):
    image = (NOISE // 4).astype(dtype)
    assert preprocess.normalize(image).dtype == preprocess.flatten_background(image).dtype == np.float32
    assert preprocess.resize(image, height=7).dtype == preprocess.gaussian(image).dtype == dtype
    assert np.array_equal(preprocess.resize(image, height=40), image)


def test_invert_swaps_the_two_of_a_mask():
    assert preprocess.invert(np.array([[False, True]])).tolist() == [[1, 0]]
    assert preprocess.invert(np.array([[0, 200]], np.uint8)).tolist() == [[255, 55]]
    assert preprocess.invert(np.array([[-3, 5]], np.int32)).tolist() == [[5, -3]]


def test_a_hint_may_be_the_darkest_channel():
    rng = np.random.default_rng(0)
    page = rng.random((12, 17, 3), np.float32)
    shown = hint(page, first="darkest", second="otsu", foreground="dark")
    assert shown.dtype == np.float32
    assert np.array_equal(shown[:, :, 1], page.min(axis=2))
    assert np.array_equal(shown[:, :, 2], hint(page, first="otsu", foreground="dark")[:, :, 1])
    gray = as_gray(page)
    assert np.array_equal(hint(gray, first="darkest", second="otsu")[:, :, 1], gray)
    integers = (page * 255).astype(np.uint8)
    assert np.array_equal(hint(integers, first="darkest", second="otsu")[:, :, 1], integers.min(axis=2))


def test_a_hint_that_is_no_mask_is_refused():
    with pytest.raises(ValueError, match="gives classes"):
        hint(np.random.default_rng(0).random((9, 9)), second="multi_otsu")
    with pytest.raises(ValueError, match="bright"):
        hint(np.zeros((9, 9)), first="darkest", second="darkest", foreground="middle")
