"""Global thresholds against arrays solved by hand, brute force, OpenCV, scikit-image and ImageJ."""

import importlib
import itertools
from fractions import Fraction

import cv2
import numpy as np
import pytest
from scenes import DATA
from skimage import data, filters

import cvkit
from cvkit import registry
from cvkit.classic import kernel, segment, segment_each, threshold
from cvkit.classic.histogram import Histogram
from cvkit.classic.thresholds import multi_otsu
from cvkit.errors import CvkitError

IMAGES = {name: getattr(data, name)() for name in ("camera", "coins", "page", "moon", "text")}
IMAGES["nuclei"] = cv2.imread(str(DATA / "nuclei.png"), cv2.IMREAD_GRAYSCALE)
DTYPES = ["uint8", "uint16", "int8", "int16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"]


def takes_histogram(name):
    decide = getattr(importlib.import_module(f"cvkit.classic.thresholds.{name}"), "threshold", None)
    return decide is not None and "histogram" in decide.__annotations__


GLOBAL = [name for name in registry.thresholds() if takes_histogram(name)]
ONE = [name for name in GLOBAL if name != "multi_otsu"]


def levels(counts):
    places = np.arange(len(counts), dtype=np.float64)
    return Histogram(np.asarray(counts, np.int64), places, places)


def random_levels(seed):
    rng = np.random.default_rng(seed)
    many = rng.integers(3, 40)
    counts = np.zeros(256)
    np.add.at(counts, rng.integers(0, 256, many), rng.integers(1, 500, many))
    return levels(counts)


# What AutoThresholder of ImageJ 1.52i gives for the histograms of five images of scikit-image, of two normal
# distributions, and of six with gaps.
IMAGEJ_METHODS = (
    "huang intermodes isodata li kapur mean kittler minimum moments otsu percentile renyi shanbhag triangle yen"
)
IMAGEJ = {
    "camera": "79 111 102 79 140 129 65 85 136 102 152 141 144 43 146",
    "coins": "97 101 107 95 123 96 53 143 109 107 86 114 115 81 110",
    "page": "195 198 157 147 121 171 220 191 149 157 182 121 130 205 121",
    "moon": "114 172 85 75 135 112 96 207 108 87 113 135 190 127 135",
    "text": "129 104 106 103 94 129 136 192 112 109 135 93 80 103 94",
    "two": "109 108 110 102 86 92 93 101 124 110 67 94 143 94 81",
    "0": "44 118 114 83 139 136 113 48 139 127 155 141 141 206 143",
    "1": "140 131 123 109 108 124 119 155 131 130 108 108 104 71 108",
    "2": "105 112 128 115 110 117 119 124 143 141 85 108 110 68 108",
    "3": "122 27 126 116 107 128 128 10 122 131 132 107 122 112 107",
    "4": "205 182 145 130 155 158 198 186 139 172 155 155 155 238 155",
    "5": "120 42 133 85 73 98 83 2 111 145 73 73 73 204 73",
}


def counts_of(name):
    if name in IMAGES:
        return levels(np.bincount(IMAGES[name].ravel(), minlength=256))
    if name == "two":
        rng = np.random.default_rng(0)
        values = np.concatenate([rng.normal(60, 12, 40000), rng.normal(160, 25, 20000)])
        return levels(np.bincount(values.clip(0, 255).astype(np.uint8), minlength=256))
    return random_levels(int(name))


@pytest.mark.parametrize("name", IMAGEJ)
def test_thresholds_are_those_of_imagej(name):
    found = counts_of(name)
    for method, theirs in zip(IMAGEJ_METHODS.split(), IMAGEJ[name].split(), strict=True):
        module = importlib.import_module(f"cvkit.classic.thresholds.{method}")
        compat = {"compat": "imagej"} if "compat" in (module.threshold.__kwdefaults__ or {}) else {}
        ours = np.floor(module.threshold(found, **compat))
        parted = found.values[found.counts > 0]
        assert np.array_equal(parted > ours, parted > int(theirs)), f"{method}: {ours}, ImageJ {theirs}"


@pytest.mark.parametrize("method", GLOBAL)
@pytest.mark.parametrize("name", ["camera", "page", "0", "3"])
def test_as_many_pixels_as_there_may_be_give_the_same(method, name):
    found = counts_of(name)
    many = Histogram(found.counts * 100_003, found.values, found.edges)
    one, other = np.atleast_1d(threshold_of(method, found)), np.atleast_1d(threshold_of(method, many))
    parted = found.values[found.counts > 0][:, None]
    assert np.array_equal(parted > one, parted > other)


def test_isodata_is_the_default_of_imagej():
    theirs = {"camera": 103, "coins": 107, "page": 157, "moon": 88, "text": 107, "two": 110}
    theirs |= {"0": 117, "1": 123, "2": 129, "3": 127, "4": 146, "5": 120}
    for name, level in theirs.items():
        assert threshold_of("isodata", counts_of(name), compat="imagej-default") == level, name


def noisy(seed):
    rng = np.random.default_rng(seed)
    return rng.choice(rng.integers(0, 256, rng.integers(3, 60)), (40, 50)).astype(np.uint8)


@pytest.mark.parametrize("image", [*IMAGES.values(), *map(noisy, range(9))], ids=lambda image: str(image.shape))
def test_thresholds_are_those_of_scikit_image_and_opencv(image):
    for method in ("otsu", "yen", "mean", "li", "isodata", "triangle"):
        compat = {"compat": "skimage"} if method in ("li", "isodata", "triangle") else {}
        theirs = image > getattr(filters, f"threshold_{method}")(image)
        assert np.array_equal(segment(image, method, **compat), theirs), method
    for method, flag in (("otsu", cv2.THRESH_OTSU), ("triangle", cv2.THRESH_TRIANGLE)):
        compat = {"compat": "opencv"} if method == "triangle" else {}
        assert np.array_equal(segment(image, method, **compat), cv2.threshold(image, 0, 1, flag)[1] > 0), method


@pytest.mark.parametrize("method", ["li", "isodata", "triangle", "minimum"])
@pytest.mark.parametrize("name", ["camera", "page", "moon", "nuclei"])
def test_thresholds_of_floats_are_those_of_scikit_image(name, method):
    image = IMAGES[name]
    noise = np.random.default_rng(0).normal(0, 0.5, image.shape)
    for real in (image / 255, (image / 255).astype(np.float32), image - 128.0, image * 1e3 + noise):
        try:
            theirs = real > getattr(filters, f"threshold_{method}")(real.copy())
        except RuntimeError:
            with pytest.raises(ValueError, match="needs a histogram of two peaks"):
                segment(real, method, compat="skimage")
        else:
            assert np.array_equal(segment(real, method, compat="skimage"), theirs), real[0, 0]


@pytest.mark.parametrize("method", ["li", "isodata", "triangle", "minimum", "kittler", "imagej-default"])
def test_imagej_has_256_levels_in_every_unit(method):
    image = IMAGES["page"]
    assert (image.min(), image.max()) == (0, 255)
    compat, method = ("imagej-default", "isodata") if method == "imagej-default" else ("imagej", method)
    mask = segment(image, method, compat=compat)
    assert 0.05 < mask.mean() < 0.95
    for other in (
        image / 255,
        (image / 255).astype(np.float32),
        image - 128.0,
        image.astype(np.uint16) * 200,
        image * 1e6 - 7e8,
    ):
        assert np.array_equal(segment(other, method, compat=compat), mask), other[0, 0]
    seen = np.ones(image.shape, bool)
    seen[:20] = False
    assert np.array_equal(
        segment(image, method, compat=compat, mask=seen), segment(image / 3, method, compat=compat, mask=seen)
    )


@pytest.mark.parametrize("method", ["otsu", "li", "isodata", "moments", "mean", "percentile", "multi_otsu"])
def test_exact_counts_every_float_on_its_own(method):
    rng = np.random.default_rng(0)
    whole = np.concatenate([rng.integers(0, 40, 300), rng.integers(60, 90, 200)])
    fine = whole[None] / 1e7 + 0.25  # within a level of 65,536, as one value lies far off
    image = np.append(fine, [[1e3]], axis=1)
    seen = image < 1
    assert np.array_equal(
        segment(image, method, exact=True, mask=seen)[:, :-1], segment(whole[None].astype(np.int32), method)
    )
    if method != "multi_otsu":  # which says that there are two values only
        assert not segment(image, method)[:, :-1].any()
    exact = segment(image, method, exact=True)
    shifted = np.append(whole * 1, 10**10 - 2_500_000)[None]  # the same numbers, in units of 1e-7
    assert np.array_equal(exact, segment(shifted, method, exact=True))


def test_exact_otsu_is_the_best_of_all_values():
    image = np.random.default_rng(1).gamma(2, 1, (7, 11)) ** 4
    present = np.unique(image)
    spread = [
        ((image <= cut).sum() * (image > cut).sum() * (image[image <= cut].mean() - image[image > cut].mean()) ** 2)
        for cut in present[:-1]
    ]
    assert threshold(image, "otsu", exact=True) == present[np.argmax(spread)]
    assert threshold(image, "mean", exact=True) == pytest.approx(image.mean(), rel=1e-12)


def test_exact_is_for_every_global_method_and_no_other():
    image = IMAGES["coins"] / 255
    for method in ONE:
        try:
            plain = segment(image, method)
        except ValueError:
            continue
        assert (segment(image, method, exact=True) != plain).mean() < 0.01, method
    assert cvkit.segment(image, "otsu(exact=True)").any()
    for call in (segment, cvkit.segment):
        with pytest.raises(CvkitError, match="sauvola has no parameter 'exact'"):
            call(image, "sauvola", exact=True)
    with pytest.raises(CvkitError, match="`exact` must be one of False, True, got 'yes'"):
        segment(image, "otsu", exact="yes")


@pytest.mark.parametrize("name", IMAGES)
def test_minimum_is_that_of_scikit_image(name):
    theirs = IMAGES[name] > filters.threshold_minimum(IMAGES[name])
    assert np.array_equal(segment(IMAGES[name], "minimum", compat="skimage"), theirs)


@pytest.mark.parametrize("name", IMAGES)
def test_otsu_in_every_unit(name):
    image = IMAGES[name]
    ours = threshold(image, "otsu")
    assert threshold(image.astype(np.uint16) * 200, "otsu") == 200 * ours
    assert threshold(image.astype(np.int64) - 100, "otsu") == ours - 100
    assert threshold(image.astype(np.float32), "otsu") == ours
    assert abs(threshold(image / 255.0, "otsu") * 255 - ours) < 1


def exact_spread(found, cuts):
    """Sum of s^2 / n over the classes, as a fraction."""
    classes = np.searchsorted(np.asarray(cuts), found.values, "left")
    total = Fraction(0)
    for one in range(len(cuts) + 1):
        pixels, values = found.counts[classes == one], found.values[classes == one]
        if not pixels.sum():
            return Fraction(-1)
        total += Fraction(int(pixels @ values)) ** 2 / int(pixels.sum())
    return total


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dense", [512, 0])
def test_otsu_for_any_number_of_classes_is_the_optimum(seed, dense, monkeypatch):
    monkeypatch.setattr(multi_otsu, "DENSE", dense)
    rng = np.random.default_rng(seed)
    found = levels(rng.integers(0, 9, rng.integers(7, 14)))
    present = found.values[found.counts > 0]
    for classes in range(2, min(len(present), 5) + 1):
        best = max(exact_spread(found, cuts) for cuts in itertools.combinations(present[:-1], classes - 1))
        assert exact_spread(found, multi_otsu.threshold(found, classes=classes)) == best
    assert exact_spread(found, [threshold_of("otsu", found)]) == max(exact_spread(found, [t]) for t in present[:-1])


def threshold_of(method, found, **parameters):
    return importlib.import_module(f"cvkit.classic.thresholds.{method}").threshold(found, **parameters)


def test_otsu_of_65536_levels_by_both_searches(monkeypatch):
    found = levels(np.random.default_rng(0).integers(0, 99, 1500))
    divided = multi_otsu.threshold(found, classes=6)
    monkeypatch.setattr(multi_otsu, "DENSE", 2000)
    assert divided == multi_otsu.threshold(found, classes=6)
    deep = np.random.default_rng(1).integers(0, 65536, (300, 300), np.uint16)
    cuts = threshold(deep, "multi_otsu", classes=8)
    assert len(cuts) == 7 and np.allclose(cuts, np.arange(1, 8) * 8192, rtol=0.03)


def test_classes_of_otsu():
    image = np.array([[0, 1, 100, 101], [200, 201, 1, 0]], np.uint8)
    classes = cvkit.segment(image, "multi_otsu", classes=3)
    assert classes.dtype == np.uint8 and classes.tolist() == [[0, 0, 1, 1], [2, 2, 0, 0]]
    part = cvkit.segment(image, "multi_otsu", classes=2, mask=image < 150)
    assert part.tolist() == [[0, 0, 1, 1], [255, 255, 0, 0]]
    with pytest.raises(ValueError, match="at most the 6 different values, got 7"):
        cvkit.segment(image, "multi_otsu", classes=7)
    with pytest.raises(ValueError, match="multi_otsu has no parameter 'foreground'"):
        cvkit.segment(image, "multi_otsu", foreground="dark")


@pytest.mark.parametrize("name", ["moon", "text", "coins"])
def test_li_is_the_least_cross_entropy_of_all(name):
    image = IMAGES[name].astype(np.float64) - IMAGES[name].min()

    def entropy(cut):
        dark, bright = image[image <= cut], image[image > cut]
        return sum(-side.sum() * np.log(side.mean()) for side in (dark, bright) if side.sum())

    cuts = np.unique(image)[:-1]
    best = cuts[np.argmin([entropy(cut) for cut in cuts])] + IMAGES[name].min()
    assert threshold(IMAGES[name], "li") == best
    assert threshold(IMAGES[name].astype(np.int32) - 1000, "li") == best - 1000


def test_thresholds_by_hand():
    # Two values: any threshold from the lower up to the higher parts them; the lower is the last of the dark class.
    assert threshold(np.array([[10, 200]], np.uint8), "otsu") == 10
    # {0, 0, 5} against {9}: 3 * 1 * (5/3 - 9)^2 = 161.3; {0, 0} against {5, 9}: 2 * 2 * 7^2 = 196.
    assert threshold(np.array([[0, 0, 5, 9]], np.uint8), "otsu") == 0
    assert threshold(np.array([[1, 2, 9]], np.uint8), "mean") == 4
    assert threshold(np.arange(10, dtype=np.uint8)[None], "percentile", share=0.25) == 1  # .2 and .3 are as near
    # Means 2 and 12 of the classes that 7 makes: halfway is 7 again.
    assert threshold(np.array([[1, 2, 3, 11, 12, 13]], np.uint8), "isodata") == 7
    # Two levels of equal weight at -1 and 1 have a second moment of 1 and a third of 0: half is dark.
    assert threshold(np.array([[-1, 1]], np.int8), "moments") == -1


@pytest.mark.parametrize("method", ["minimum", "intermodes"])
def test_two_peaks_are_needed(method):
    with pytest.raises(ValueError, match=f"{method} needs a histogram of two peaks, but this one has one"):
        segment(np.repeat(np.arange(9), [1, 2, 3, 4, 5, 4, 3, 2, 1])[None], method)


@pytest.mark.parametrize("method", ONE)
def test_two_values_are_parted_by_every_method_that_can(method):
    image = np.repeat([10, 200], [500, 300]).reshape(20, 40).astype(np.uint8)
    for dtype in ("uint8", "uint16", "int32", "float32", "float64"):
        assert np.array_equal(segment(image.astype(dtype), method), image == 200), dtype


@pytest.mark.parametrize("method", GLOBAL)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_mask_and_nan_leave_pixels_out(method, dtype):
    image = np.clip(IMAGES["coins"].astype(np.float64), 1, 250).astype(dtype)
    seen = np.zeros(image.shape, bool)
    seen[50:250, 80:300] = True
    inside = segment(image[50:250, 80:300], method)
    spoiled = np.where(seen, image, np.iinfo(np.uint8).max).astype(dtype)
    answer = segment(spoiled, method, mask=seen)
    assert np.array_equal(answer[50:250, 80:300], inside)
    assert (answer[~seen] == (255 if method == "multi_otsu" else 0)).all()
    if dtype == "float32":
        holed = np.where(seen, image, np.nan)
        assert np.array_equal(segment(holed, method, nan="ignore"), answer)
        assert np.array_equal(segment(holed, method, nan="ignore", mask=seen), answer)


def test_unknown_names_are_refused_in_the_same_words_everywhere():
    image = np.eye(5)
    for call in (segment, threshold, cvkit.segment):
        with pytest.raises(CvkitError, match=r"is called 'nope'; .*`cvkit list` shows all") as method:
            call(image, "nope")
        with pytest.raises(CvkitError, match="is called 'otzu'; did you mean 'otsu'"):
            call(image, "otzu")
        with pytest.raises(CvkitError, match="sauvola has no parameter 'windw'; did you mean 'window'") as parameter:
            call(image, "sauvola", windw=5)
        assert (method.value.code, parameter.value.code) == ("method-unknown", "parameter-unknown")


def test_nan_and_masks_are_refused_in_words():
    image = np.array([[1.0, np.nan, 3.0]])
    with pytest.raises(ValueError, match="1 of the 3 values of `image` are NaN; leave them out with nan='ignore'"):
        cvkit.segment(image, "otsu")
    with pytest.raises(ValueError, match="3 of the 3 values of `image` are NaN"):
        cvkit.segment(image * np.nan, "otsu")
    with pytest.raises(ValueError, match="no pixel is left to look at"):
        cvkit.segment(image * np.nan, "sauvola", nan="ignore")
    for arguments in ({"mask": np.zeros((1, 3), bool)}, {"mask": np.array([[0, 1, 0]])}):
        with pytest.raises(ValueError, match="no pixel is left to look at"):
            cvkit.segment(image, "otsu", nan="ignore", **arguments)
    with pytest.raises(ValueError, match="the image and `mask` must have the same height and width"):
        cvkit.segment(np.eye(4), "otsu", mask=np.ones((3, 3), bool))
    with pytest.raises(ValueError, match="nuclei takes no `mask`"):
        cvkit.segment(np.eye(4), "nuclei", mask=np.ones((4, 4), bool))
    with pytest.raises(ValueError, match="`nan` must be one of 'raise', 'ignore'"):
        cvkit.segment(np.eye(4), "otsu", nan="omit")


def test_a_mask_reaches_the_method_of_a_pipeline():
    image, seen = IMAGES["coins"], np.zeros(IMAGES["coins"].shape, bool)
    seen[:100] = True
    labels = cvkit.segment(image, "median(size=3) | otsu | label", mask=seen)
    assert labels[:100].any() and not labels[100:].any()


def test_foreground_of_its_own_accord():
    page, coins = IMAGES["page"], IMAGES["coins"]
    assert np.array_equal(segment(page, "otsu", foreground="auto"), segment(page, "otsu", foreground="dark"))
    assert np.array_equal(segment(coins, "li", foreground="auto"), segment(coins, "li"))


def test_a_number_is_compared_without_rounding():
    step = np.nextafter(np.float32(1), np.float32(2))
    image = np.array([[0, 0, 1, step, 9, 9]], np.float32)
    for method in ("otsu", "mean", "isodata"):
        cut = threshold(image, method)
        assert np.array_equal(segment(image, method), image.astype(np.float64) > cut)


def test_otsu_of_many_pixels_does_not_overflow():
    image = np.tile(IMAGES["camera"], (9, 9))
    assert image.size > 2**24 and threshold(image, "otsu") == threshold(IMAGES["camera"], "otsu")


def test_wide_integers_are_not_narrowed():
    image = np.array([[2**40, 2**40 + 5, 5, 6]], np.int64)
    assert segment(image, "otsu").tolist() == [[True, True, False, False]]
    assert threshold(image.astype(np.uint64) + 2**52, "otsu") < 2**52 + 2**40
    with pytest.raises(ValueError, match=r"whole numbers within 2\*\*53"):
        threshold(image.astype(np.uint64) + 2**62, "otsu")


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
def test_histogram_counts_every_pixel(dtype, compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(kernel, "_LIBRARY", None)
    image = np.random.default_rng(0).integers(0, 120, (31, 17)).astype(dtype)
    found = Histogram.of(image)
    assert found.counts.sum() == image.size and len(found.counts) == len(found.values) == len(found.edges)
    for level in (3, 60, 119):
        assert found.counts[found.edges <= level].sum() == np.count_nonzero(image <= level)
    some = Histogram.of(np.ma.masked_array(image, image > 60))
    assert some.counts.sum() == np.count_nonzero(image <= 60)


@pytest.mark.parametrize(("scale", "origin"), [(1, 0), (1e30, 0), (1e-30, 0), (1, 500)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_histogram_of_floats_finds_its_own_edges(dtype, scale, origin):
    image = (np.random.default_rng(0).normal(0, 1, (300, 200)) * scale + origin).astype(dtype)
    found = Histogram.of(image)
    assert found.counts.sum() == image.size
    assert found.counts[found.edges <= found.edges[30000]].sum() == np.count_nonzero(image <= found.edges[30000])
    coarse = found.coarse()
    assert len(coarse.counts) == 256 and coarse.counts.sum() == image.size
    assert coarse.counts[:100].sum() == np.count_nonzero(image <= coarse.edges[99])


def test_histogram_of_wide_integers_needs_no_memory():
    found = Histogram.of(np.array([[0, 2**40, 2**63]], np.uint64))
    assert found.counts.sum() == 3 and len(found.counts) <= 65536 and found.edges[-1] == 2.0**63


@pytest.mark.parametrize("compiled", [True, False])
def test_strips_count_the_same(monkeypatch, compiled):
    if not compiled:
        monkeypatch.setattr("cvkit.classic.kernel._LIBRARY", None)
    images = [IMAGES["coins"], IMAGES["coins"] / 7.0, IMAGES["coins"].astype(np.int32)]
    assert np.array_equal(
        Histogram.of(images[0].astype(np.uint16)).counts[:256], np.bincount(images[0].ravel(), minlength=256)
    )
    whole = [Histogram.of(image).counts for image in images]
    monkeypatch.setattr("cvkit.classic.histogram._STRIP", 5000)
    for image, counts in zip(images, whole, strict=True):
        assert np.array_equal(Histogram.of(image).counts, counts)


def test_each_of_several_methods_from_one_histogram(monkeypatch):
    calls = []
    count = Histogram.of
    monkeypatch.setattr(Histogram, "of", lambda image: calls.append(1) or count(image))
    answers = segment_each(IMAGES["coins"], GLOBAL)
    assert len(calls) == 1
    for method, answer in answers.items():
        if isinstance(answer, str):
            assert method in ("minimum", "intermodes") and "two peaks" in answer
        else:
            assert np.array_equal(answer, segment(IMAGES["coins"], method))
