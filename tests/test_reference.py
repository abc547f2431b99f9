"""Local thresholds and windows against arrays solved by hand, slow twins, OpenCV and scikit-image."""

import cv2
import numpy as np
import pytest
from scenes import DATA
from skimage import data, filters

import cvkit
from cvkit.classic.thresholds import adaptive_gaussian, adaptive_mean, sauvola
from cvkit.classic.windows import mean_and_deviation

IMAGES = {name: getattr(data, name)() for name in ("camera", "coins", "page", "moon", "text")}


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
