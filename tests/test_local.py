"""Local thresholds against the formulas said slowly, and against scikit-image, OpenCV and Doxa to the bit."""

import hashlib
import importlib

import cv2
import numpy as np
import pytest
from scenes import DATA
from skimage import data, filters

import cvkit
from cvkit.classic import segment, threshold
from cvkit.classic.histogram import Histogram
from cvkit.classic.thresholds import otsu
from cvkit.errors import CvkitError

IMAGES = {name: getattr(data, name)() for name in ("camera", "coins", "page", "moon", "text")}
IMAGES["nuclei"] = cv2.imread(str(DATA / "nuclei.png"), cv2.IMREAD_GRAYSCALE)
SMALL = np.random.default_rng(3).integers(0, 256, (23, 19)).astype(np.uint8)


def around(image, window, mode="reflect"):
    """Every window of the padded image: (H, W, window * window)."""
    half = window // 2
    padded = np.pad(image.astype(np.float64), half, mode=mode)
    return np.lib.stride_tricks.sliding_window_view(padded, (window, window)).reshape(*image.shape, -1)


def statistics(image, window):
    near = around(image, window)
    return near.mean(axis=2), near.std(axis=2), near.min(axis=2), near.max(axis=2)


M, S, LOW, HIGH = statistics(SMALL, 7)
X, FULL = SMALL.astype(np.float64), 255.0
A = 255 * (S - S.min()) / (S.max() - S.min())
FORMULAS = {
    "adaptive_mean": ({"offset": 3}, M - 3),
    "niblack": ({"k": -0.3}, M - 0.3 * S),
    "sauvola": ({"k": 0.3}, M * (1 + 0.3 * (S / 127.5 - 1))),
    "wolf": ({"k": 0.4}, M - 0.4 * (1 - S / S.max()) * (M - X.min())),
    "nick": ({"k": -0.1}, M - 0.1 * np.sqrt((around(SMALL, 7) ** 2).sum(axis=2) / 49 - M**2 / 49)),
    "phansalkar": ({"k": 0.3}, M * (1 + 2 * np.exp(-10 * M / FULL) + 0.3 * (S / FULL / 0.5 - 1))),
    "bernsen": (
        {"contrast": 220, "level": 130},
        np.where(HIGH - LOW >= 220, (LOW + HIGH) / 2, np.where((LOW + HIGH) / 2 > 130, -np.inf, np.inf)),
    ),
    "contrast": ({}, (LOW + HIGH) / 2),
    "bradley": ({"share": 0.2}, 0.8 * M),
    "wan": ({"k": 0.3}, (M + HIGH) / 2 * (1 + 0.3 * (S / 127.5 - 1))),
    "singh": ({"k": 0.1}, M * (1 + 0.1 * ((X - M) / FULL / (1 - (X - M) / FULL) - 1))),
    "bataineh": ({}, M - (M**2 + S) / ((X.mean() + S) * (A + S))),
}


@pytest.mark.parametrize("method", FORMULAS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float64"])
def test_surfaces_are_those_of_the_formulas(method, dtype):
    parameters, expected = FORMULAS[method]
    image = SMALL.astype(dtype)
    if dtype != "uint8" and method in ("sauvola", "wan"):
        parameters = parameters | {"r": 127.5}
    if dtype != "uint8" and method in ("phansalkar", "singh", "bataineh"):  # these take black and white from the dtype
        image, expected = SMALL.astype(np.uint16) * 257, expected * 257
    ours = np.asarray(threshold(image, method, window=7, **parameters))
    assert np.allclose(ours, expected, rtol=1e-9, atol=1e-7)
    assert np.array_equal(segment(image, method, window=7, **parameters), image > ours)


def feng_slowly(image, window, wider, mode):
    """Feng's threshold around every `window`-th pixel, and what numpy.interp makes of it in between."""
    near, far = window // 2, window * wider // 2
    centres = [range(far, far + length + near, window) for length in image.shape]
    padded = np.pad(image.astype(np.float64), [(far, far + near + window)] * 2, mode=mode)
    found = np.empty([len(places) for places in centres])
    for i, j in np.ndindex(found.shape):
        row, col = centres[0][i], centres[1][j]
        inner, outer = (padded[row - r : row + r + 1, col - r : col + r + 1] for r in (near, far))
        m, low, share = inner.mean(), inner.min(), inner.std() / outer.std()
        found[i, j] = 0.88 * m + 0.25 * share**3 * (m - low) + 0.04 * share**2 * low
    for axis, length in enumerate(image.shape):
        places = np.arange(found.shape[axis]) * window
        found = np.apply_along_axis(lambda line, x=places, n=length: np.interp(np.arange(n), x, line), axis, found)
    return found


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float64"])
@pytest.mark.parametrize(("window", "wider"), [(3, 1), (7, 3), (5, 5)])
def test_feng_is_computed_at_centres_and_linear_between_them(dtype, window, wider):
    image = SMALL.astype(dtype)
    for border, mode in (("reflect", "reflect"), ("replicate", "edge")):
        ours = threshold(image, "feng", window=window, wider=wider, border=border)
        assert np.allclose(ours, feng_slowly(image, window, wider, mode), rtol=1e-9)
        for foreground in ("bright", "dark"):
            assert np.array_equal(ours.compare(foreground), (image > np.asarray(ours)) ^ (foreground == "dark"))


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_feng_counts_nothing_that_is_left_out(dtype):
    image, mask = SMALL.astype(dtype), np.zeros(SMALL.shape, bool)
    mask[:15, 8:] = True  # whole windows hold nothing
    spoiled = np.where(mask, image, 255 if dtype == "uint8" else np.nan).astype(dtype)
    inner = segment(image[:15, 8:], "feng", window=3)
    left = segment(spoiled, "feng", window=3, mask=mask, nan="ignore")
    assert np.array_equal(segment(image, "feng", window=3, mask=mask), left)
    assert (segment(image, "feng", window=3, mask=mask)[:15, 8:] == inner).mean() > 0.9


@pytest.mark.parametrize("name", IMAGES)
def test_masks_are_those_of_scikit_image_to_the_bit(name):
    image = IMAGES[name]
    for window in (15, 51):
        theirs = image > filters.threshold_sauvola(image, window, k=0.2)
        assert np.array_equal(segment(image, "sauvola", window=window, compat="skimage"), theirs)
        for k in ({}, {"k": 0.3}, {"k": -0.2}):
            theirs = image > filters.threshold_niblack(image, window, **k)
            assert np.array_equal(segment(image, "niblack", window=window, **k, compat="skimage"), theirs)
    real = image / 255.0
    theirs = real > filters.threshold_sauvola(real, 15, k=0.2)
    assert (segment(real, "sauvola", window=15, compat="skimage") != theirs).mean() < 1e-4  # sums of floats are rounded


@pytest.mark.parametrize("name", IMAGES)
def test_masks_are_those_of_opencv_to_the_bit(name):
    image = IMAGES[name]
    for method, flag in (("mean", cv2.ADAPTIVE_THRESH_MEAN_C), ("gaussian", cv2.ADAPTIVE_THRESH_GAUSSIAN_C)):
        for offset in (10, -3.5):
            theirs = cv2.adaptiveThreshold(image, 1, flag, cv2.THRESH_BINARY, 51, offset) > 0
            ours = segment(image, f"adaptive_{method}", window=51, offset=offset, compat="opencv")
            assert np.array_equal(ours, theirs)


# What doxapy 0.9.9 gives of the six images with windows of 51: the beginnings of the SHA-256 of the packed masks.
DOXA = {
    "niblack": "ad7d0339 97ffb396 69eaa4ac 2cc8458f 4b5252a0 b4cbda90",
    "sauvola": "5c21f43c 2996c8e8 a15c5921 81a44672 43fb1904 8e06f07e",
    "wolf": "696f6b90 89c681c7 7f294f73 c1d539be a4e2febf d0ad51a0",
    "nick": "d6062368 d88e7787 cf946b5f d5b263fe 7d2c5877 cb833664",
    "wan": "3140c4e6 99e81153 acde99a9 3582a12f d02464fb eef5e395",
    "bernsen": "018ad0c2 484e4b1e 2334bf1c e1ffcb25 a3e54cfc 3107d3dd",
    "singh": "c5075524 e09018b4 b36bd98e 5d46a7a7 1719cc94 ab63611c",
    "bradley": "29817eb3 8a32b1d2 5cb2835c ad6cde5d 9b0ddb67 850a7bb7",
    "phansalkar": "293b6410 535900e8 9f80a499 0f1718da 29d74ec2 4d28da95",
}


@pytest.mark.parametrize("method", DOXA)
def test_masks_are_those_of_doxa_to_the_bit(method):
    k = {"k": {"niblack": -0.2, "wolf": 0.5, "nick": -0.2}.get(method, 0.2)}
    more = {"bernsen": {}, "bradley": {}, "phansalkar": k | {"p": 3.0}}.get(method, k)
    for image, theirs in zip(IMAGES.values(), DOXA[method].split(), strict=True):
        mask = segment(image, method, foreground="dark", window=51, **more, compat="doxa")
        assert hashlib.sha256(np.packbits(mask)).hexdigest().startswith(theirs)


def test_niblack_is_that_of_doxa_where_all_is_equal_and_rounding_decides():
    image = np.full((60, 80), 253, np.uint8)
    image[30], image[5:9, 60:] = 10, 200
    dark = segment(image, "niblack", foreground="dark", window=15, compat="doxa")
    assert hashlib.sha256(np.packbits(dark)).hexdigest().startswith("7ce29f58")
    assert np.array_equal(segment(image, "niblack", window=15, compat="doxa"), ~dark)


# What cv2.ximgproc.niBlackThreshold of opencv-contrib 5.0.0 gives with windows of 51.
XIMGPROC = {
    "niblack": "20f92917 86f67d75 7c88e5dd 3d017a5e 3597729a 72a2e749",
    "sauvola": "14a6caf9 2d7820d1 1afa7340 420c5bfc 6fdb3d00 ce2b79e4",
    "wolf": "160c76a7 c68a9664 9f8236d9 778438fa 9c8f6335 6d83a782",
    "nick": "6e2df66d f75ccaf3 23f82e40 4fd325ce 8cab7c5b 8e3ce489",
}


@pytest.mark.parametrize("method", XIMGPROC)
def test_masks_are_those_of_ximgproc_to_the_bit(method):
    k = {"niblack": -0.2, "wolf": 0.5, "nick": -0.2}.get(method, 0.2)
    for image, theirs in zip(IMAGES.values(), XIMGPROC[method].split(), strict=True):
        mask = segment(image, method, window=51, k=k, compat="opencv")
        assert hashlib.sha256(np.packbits(mask)).hexdigest().startswith(theirs)
    with pytest.raises(CvkitError, match="`compat='opencv'` needs uint8, got float64; leave `compat` out"):
        segment(IMAGES["coins"] / 255, method, compat="opencv")


@pytest.mark.parametrize("window", [3, 9])
def test_local_otsu_is_otsu_of_every_window(window):
    image = np.random.default_rng(1).integers(0, 12, (14, 11)).astype(np.uint8) * 20
    ours = segment(image, "local_otsu", window=window, levels=12)
    for row, col in np.ndindex(image.shape):
        near = around(image, window)[row, col].astype(np.uint8)[None]
        cut = otsu.threshold(Histogram.of(near)) if near.min() < near.max() else near.max()
        assert ours[row, col] == (image[row, col] > cut)


def page_with_stain(shape=(120, 160)):
    """Draw strokes on paper with a soft dark stain: image and ink."""
    rng = np.random.default_rng(0)
    ink = np.zeros(shape, np.uint8)
    for row in range(10, 110, 14):
        cv2.putText(ink, "ink on paper", (6, row + 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1, 2)
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    paper = 210 - 110 * np.exp(-((rows - 60) ** 2 + (cols - 110) ** 2) / 900)
    return (np.where(ink > 0, paper - 70, paper) + rng.normal(0, 4, shape)).clip(0, 255).astype(np.uint8), ink > 0


@pytest.mark.parametrize("method", ["su", "gatos", "isauvola", "sauvola", "wolf", "nick", "bradley"])
def test_ink_is_found_in_a_stain(method):
    image, ink = page_with_stain()
    window = {} if method == "su" else {"window": 31}
    k = {"k": 0.1} if method in ("sauvola", "isauvola", "gatos") else {"k": -0.1} if method == "nick" else {}
    found = segment(image, method, foreground="dark", **window, **k)
    score = cvkit.compare.metrics.dice(ink, found)
    assert score > cvkit.compare.metrics.dice(ink, segment(image, "otsu", foreground="dark")) + 0.1, score
    if method in ("gatos", "isauvola"):
        turned = segment(255 - image, method, foreground="bright", **window, **k)
        assert cvkit.compare.metrics.dice(turned, found) > 0.97


@pytest.mark.parametrize("value", [255, 250])
def test_a_flat_bright_page_has_no_ink_but_its_line(value):
    page = np.full((400, 420), value, np.uint8)
    page[200:206, 40:380] = 30
    for method in ("sauvola", "wolf", "nick", "phansalkar"):
        for window in (15, 183, 301):
            found = segment(page, method, foreground="dark", window=window)
            assert not found[page == value].any(), (method, window)
    flat = np.asarray(threshold(page, "niblack", window=15))[:100]
    assert (flat == value).all()


def test_wide_windows_do_not_overflow():
    image = np.tile(IMAGES["page"], (2, 1))
    for window in (183, 257, 611):
        wide = segment(image, "sauvola", window=window, foreground="dark")
        real = segment(image.astype(np.float64), "sauvola", window=window, foreground="dark", r=127.5)
        assert (wide != real).mean() < 1e-5


@pytest.mark.parametrize(
    "method", ["adaptive_mean", "adaptive_gaussian", "sauvola", "niblack", "bernsen", "local_otsu"]
)
@pytest.mark.parametrize("window", [4, 2, 1, 0, -3, 3.0, "5", None, True])
def test_a_window_that_is_none_is_refused(window, method):
    with pytest.raises(ValueError, match="`window` must be an odd integer of at least 3"):
        cvkit.segment(np.eye(5), method, window=window)


def test_feng_names_the_numbers_that_were_given():
    for window in (4, 1, "5"):
        with pytest.raises(CvkitError, match=f"`window` must be an odd integer of at least 3, got {window!r}"):
            cvkit.segment(SMALL, "feng", window=window)
    with pytest.raises(CvkitError, match="`window` times `wider` must be at most 4095, got 1367 times 3"):
        cvkit.segment(SMALL, "feng", window=1367)


@pytest.mark.parametrize("arguments", [{"k": np.nan}, {"k": "a"}, {"r": 0}, {"r": -1}, {"border": "wrap"}])
def test_sauvola_refuses_senseless_parameters(arguments):
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}` must be"):
        cvkit.segment(np.eye(5), "sauvola", **arguments)


@pytest.mark.parametrize("method", ["adaptive_mean", "adaptive_gaussian", *DOXA])
def test_compat_is_one_of_those_that_there_are(method):
    assert "compat" in importlib.import_module(f"cvkit.classic.thresholds.{method}").threshold.__kwdefaults__
    with pytest.raises(ValueError, match="`compat` must be one of None, "):
        cvkit.segment(np.eye(5), method, compat="matlab")
