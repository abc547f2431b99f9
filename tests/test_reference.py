"""Thresholds and windows against arrays solved by hand, slow twins, OpenCV and scikit-image."""

import cv2
import numpy as np
import pytest
from scenes import DATA
from skimage import data, filters

import cvkit
from cvkit.classic.histogram import histogram
from cvkit.classic.thresholds import adaptive_gaussian, adaptive_mean, otsu, sauvola
from cvkit.classic.windows import mean_and_deviation

IMAGES = {name: getattr(data, name)() for name in ("camera", "coins", "page", "moon", "text")}


@pytest.mark.parametrize("name", IMAGES)
def test_otsu_is_that_of_opencv_and_scikit_image(name):
    image = IMAGES[name]
    assert otsu.threshold(image) == cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)[0] == filters.threshold_otsu(image)
    wide = image.astype(np.uint16) * 200
    assert otsu.threshold(wide) == 200 * otsu.threshold(image)
    assert otsu.threshold(image.astype(np.int64) - 100) == otsu.threshold(image) - 100
    assert abs(otsu.threshold(image / 255.0) * 255 - otsu.threshold(image)) <= 1 / 200


def variance_between(values, threshold):
    dark, bright = values[values <= threshold], values[values > threshold]
    if not len(dark) or not len(bright):
        return -1.0
    return len(dark) * len(bright) * (dark.mean() - bright.mean()) ** 2


@pytest.mark.parametrize("seed", range(8))
def test_otsu_has_the_greatest_variance_between_classes(seed):
    values = np.random.default_rng(seed).integers(0, 40, (9, 7)).astype(np.int16)
    best = max(variance_between(values.ravel(), t) for t in range(40))
    assert variance_between(values.ravel(), otsu.threshold(values)) == pytest.approx(best)


def test_otsu_by_hand():
    # Two values: any threshold from the lower up to the higher parts them; the lower is the last of the dark class.
    assert otsu.threshold(np.array([[10, 200]], np.uint8)) == 10
    # {0, 0, 5} against {9}: 3 * 1 * (5/3 - 9)^2 = 161.3; {0, 0} against {5, 9}: 2 * 2 * 7^2 = 196.
    assert otsu.threshold(np.array([[0, 0, 5, 9]], np.uint8)) == 0
    assert np.isnan(otsu.threshold(np.full((3, 3), 7.5)))
    assert np.isnan(otsu.threshold(np.full((3, 3), np.nan)))
    with_gap = np.array([[10, np.nan, 200]])
    assert 10 <= otsu.threshold(with_gap) < 200


def test_otsu_of_many_pixels_does_not_overflow():
    image = np.tile(IMAGES["camera"], (9, 9))
    assert image.size > 2**24 and otsu.threshold(image) == otsu.threshold(IMAGES["camera"])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int8", "int16", "uint32", "int64", "uint64", "float32"])
def test_histogram_counts_every_pixel(dtype):
    image = np.random.default_rng(0).integers(0, 120, (31, 17)).astype(dtype)
    counts, values = histogram(image)
    assert counts.sum() == image.size and len(counts) == len(values)
    below = [counts[values <= level + 0.01].sum() for level in (3, 60, 119)]  # a step of a float is 0.002 wide
    assert below == [np.count_nonzero(image <= level) for level in (3, 60, 119)]


def test_histogram_of_wide_integers_needs_no_memory():
    counts, values = histogram(np.array([[0, 2**40, 2**63]], np.uint64))
    assert counts.sum() == 3 and len(counts) <= 65536 and values[-1] == 2.0**63


def slow_mean_and_deviation(image, window, border):
    half = window // 2
    mode = {"reflect": "reflect", "replicate": "edge"}[border]
    padded = np.pad(image.astype(np.float64), half, mode=mode)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (window, window))
    return windows.mean(axis=(2, 3)), windows.std(axis=(2, 3))


@pytest.mark.parametrize("border", ["reflect", "replicate"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("window", [3, 9, 31])
def test_windows_equal_a_slow_twin(dtype, window, border):
    image = (np.random.default_rng(1).random((23, 19)) * 200 + 50).astype(dtype)
    for ours, twin in zip(
        mean_and_deviation(image, window, border), slow_mean_and_deviation(image, window, border), strict=True
    ):
        assert np.allclose(ours, twin, rtol=1e-10, atol=1e-9)


def test_a_flat_bright_page_has_no_deviation():
    page = np.full((300, 300), 65535, np.uint16)
    page[0, 0] = 65534
    mean, deviation = mean_and_deviation(page, 101)
    assert (deviation[200:, 200:] == 0).all() and (mean[200:, 200:] == 65535).all()
    assert deviation[0, 0] > 0


def test_windows_do_not_depend_on_strips(monkeypatch):
    image = np.random.default_rng(2).integers(0, 65535, (90, 50), np.uint16)
    whole = mean_and_deviation(image, 15)
    monkeypatch.setattr("cvkit.classic.windows.STRIP", 1500)
    for one, other in zip(mean_and_deviation(image, 15), whole, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("window", [15, 51])
def test_sauvola_is_that_of_scikit_image(window):
    page = IMAGES["page"]
    theirs = filters.threshold_sauvola(page, window)
    assert np.allclose(sauvola.threshold(page, window=window), theirs, rtol=1e-9)
    clear = np.abs(page - theirs) > 1e-6  # where the two agree to all digits that count
    assert np.array_equal((page > theirs)[clear], cvkit.segment(page, "sauvola", window=window)[clear])


def test_adaptive_mean_is_that_of_scikit_image():
    page = IMAGES["page"]
    ours = adaptive_mean.threshold(page, window=51, offset=10)
    assert np.allclose(ours, filters.threshold_local(page, 51, "mean", 10, mode="mirror"))


def test_adaptive_methods_are_those_of_opencv_but_not_rounded():
    page = cv2.imread(str(DATA / "page.png"), cv2.IMREAD_GRAYSCALE)
    for method, flag in (("mean", cv2.ADAPTIVE_THRESH_MEAN_C), ("gaussian", cv2.ADAPTIVE_THRESH_GAUSSIAN_C)):
        theirs = cv2.adaptiveThreshold(page, 1, flag, cv2.THRESH_BINARY, 51, 10) > 0
        ours = cvkit.segment(page, f"adaptive_{method}", window=51, offset=10, border="replicate")
        assert (ours != theirs).mean() < 0.005
        surface = {"mean": adaptive_mean, "gaussian": adaptive_gaussian}[method].threshold(
            page, window=51, offset=10, border="replicate"
        )
        assert np.array_equal((page > np.rint(surface + 10) - 10)[40:-40, 40:-40], theirs[40:-40, 40:-40])


@pytest.mark.parametrize("window", [4, 2, 1, 0, -3, 3.0, "5", None, True])
def test_a_window_that_is_none_is_refused(window):
    for method in ("adaptive_mean", "adaptive_gaussian", "sauvola"):
        with pytest.raises(ValueError, match="`window` must be an odd integer of at least 3"):
            cvkit.segment(np.eye(5), method, window=window)


@pytest.mark.parametrize("arguments", [{"k": np.nan}, {"k": "a"}, {"r": 0}, {"r": -1}, {"border": "wrap"}])
def test_sauvola_refuses_senseless_parameters(arguments):
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}` must be"):
        cvkit.segment(np.eye(5), "sauvola", **arguments)
