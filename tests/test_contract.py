"""What every method and every step promises, run over whatever the registry finds."""

import importlib
import inspect

import numpy as np
import pytest
from scenes import blobs

import cvkit
from cvkit import registry
from cvkit.arrays import kind_of

METHODS = cvkit.methods()
CLASSICAL = registry.thresholds()
STEPS = cvkit.steps()
BEFORE = [name for name in STEPS if registry.find(name).takes == ("image",)]
AFTER = [name for name in STEPS if name not in BEFORE]
OF_RANGE = ("bataineh", "bernsen", "phansalkar", "singh")  # what they take for black and white follows the dtype
DTYPES = [
    "uint8",
    "uint16",
    "int16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
    "bool",
    ">u2",
]


def threshold_file(name):
    return importlib.import_module(f"cvkit.classic.thresholds.{name}")


@pytest.fixture(scope="module")
def image():
    return blobs()[0]


@pytest.mark.parametrize("method", METHODS)
def test_method_gives_its_kind_and_leaves_the_image_alone(method, image):
    before = image.copy()
    mask = cvkit.segment(image, method)
    assert kind_of(mask) == registry.find(method).gives and mask.shape == image.shape
    assert np.array_equal(image, before)
    image.setflags(write=False)
    assert np.array_equal(cvkit.segment(image, method), mask), "not the same again, or the image must be writable"
    image.setflags(write=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
def test_method_takes_every_dtype(method, dtype, image):
    if dtype == "bool" and method in ("multi_otsu", "hysteresis"):
        return  # three classes of two values cannot be
    given = image > 100 if dtype == "bool" else image.astype(dtype)
    mask = cvkit.segment(given, method)
    assert mask.shape == image.shape
    if method in CLASSICAL and dtype not in ("bool", "float16"):
        if method in OF_RANGE:
            given, parameters = image.astype(np.uint16) * 257, {}
        else:
            parameters = {"r": 127.5} if "r" in registry.find(method).parameters else {}
        differs = cvkit.segment(given, method, **parameters) != cvkit.segment(image, method, **parameters)
        assert differs.mean() < 0.002


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2), (3, 70), (33, 17)])
@pytest.mark.parametrize("method", METHODS)
def test_method_takes_every_size(method, shape):
    image = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    for given in (image, np.stack([image] * 3, axis=2)):
        assert cvkit.segment(given, method).shape == shape


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_constant_image_has_one_answer_everywhere(method, value):
    assert len(np.unique(cvkit.segment(np.full((20, 30), value, np.uint8), method))) == 1


@pytest.mark.parametrize("method", METHODS)
def test_nan_is_refused_or_left_out(method, image):
    given = image.astype(np.float32)
    given[3, 4] = np.nan
    with pytest.raises(ValueError, match=r"1 of .* values .*NaN"):
        cvkit.segment(given, method)
    if method in CLASSICAL:
        answer = cvkit.segment(given, method, nan="ignore")
        assert answer[3, 4] == (0 if answer.dtype == bool else 255)
        seen = np.ones(image.shape, bool)
        seen[3, 4] = False
        assert np.array_equal(cvkit.segment(image.astype(np.float32), method, mask=seen), answer)
        for polarity in ("dark", "auto") if "foreground" in registry.find(method).parameters else ():
            assert not cvkit.segment(given, method, nan="ignore", foreground=polarity)[3, 4]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "bad",
    [
        *(None, "x.png", np.zeros((0, 5)), np.zeros((5, 0, 3)), np.zeros(5), np.zeros((4, 4, 2)), np.zeros((4, 4, 4))),
        *(np.array([["a"]]), np.array([[1j]]), np.full((3, 3), np.inf), np.ma.masked_array(np.eye(3))),
    ],
    ids=repr,
)
def test_what_is_no_image_is_refused_in_words(method, bad):
    with pytest.raises((ValueError, TypeError), match=r"image|NaN|infinite"):
        cvkit.segment(bad, method)


@pytest.mark.parametrize("method", CLASSICAL)
def test_transposed_image_transposed_answer(method, image):
    assert np.array_equal(cvkit.segment(image.T, method), cvkit.segment(image, method).T)


@pytest.mark.parametrize("method", [name for name in CLASSICAL if hasattr(threshold_file(name), "threshold")])
def test_dark_is_what_bright_leaves(method, image):
    if "foreground" in registry.find(method).parameters:
        assert np.array_equal(cvkit.segment(image, method, foreground="dark"), ~cvkit.segment(image, method))


@pytest.mark.parametrize("method", METHODS)
def test_rgb_of_a_grey_image_is_that_image(method, image):
    colour = np.stack([image] * 3, axis=2)
    assert np.array_equal(cvkit.segment(colour, method), cvkit.segment(image, method))


@pytest.mark.parametrize("method", METHODS)
def test_strided_views_are_the_same_image(method, image):
    whole = cvkit.segment(image, method)
    view = np.repeat(image, 2, axis=1)[:, ::2]
    assert not view.flags.c_contiguous
    for same in (view, image[::-1, ::-1].copy()[::-1, ::-1]):
        assert np.array_equal(cvkit.segment(same, method), whole)
    if method in CLASSICAL:
        assert np.array_equal(cvkit.segment(image[:20].tolist(), method), cvkit.segment(image[:20].astype(int), method))


@pytest.mark.parametrize("name", BEFORE)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float64", "bool"])
def test_image_step_keeps_the_image_alone_and_gives_an_image(name, dtype, image):
    parameters = {"resize": {"height": 40}, "crop": {"row1": 30}}.get(name, {})
    for given in (image > 100 if dtype == "bool" else image.astype(dtype), np.ones((1, 1), dtype)):
        if name == "crop" and given.size == 1:
            continue
        for shaped in (given, np.stack([given] * 3, axis=2)):
            before = shaped.copy()
            out = registry.find(name).call(shaped, **parameters)
            assert np.array_equal(shaped, before)
            assert out.ndim in (2, 3) and out.size and out.dtype.kind in "uif"
            assert not np.shares_memory(out, shaped) or name == "gray"


@pytest.mark.parametrize("name", AFTER)
def test_object_step_gives_its_kind_and_leaves_its_input_alone(name):
    labels = blobs()[1]
    entry = registry.find(name)
    for kind, given in (("mask", labels > 0), ("labels", labels)):
        if kind not in entry.takes:
            continue
        for shaped in (given, given[:1, :1], np.zeros_like(given), np.ones_like(given)):
            before = shaped.copy()
            out = entry.call(shaped)
            assert np.array_equal(shaped, before)
            assert kind_of(out) == (kind if entry.gives == "same" else entry.gives)
            if kind_of(out) == "labels":
                assert np.array_equal(np.unique(out[out > 0]), np.arange(1, out.max() + 1)), "numbers with gaps"


@pytest.mark.parametrize("name", METHODS + STEPS)
def test_tuning_parameters_are_keyword_only_and_few(name):
    entry = registry.find(name)
    assert len(set(entry.parameters) - {"foreground", "nan", "exact"}) <= 7  # these are the same for all thresholds
    if name in STEPS:
        kinds = {p.kind for p in list(inspect.signature(entry.call).parameters.values())[1:] if p.name != "image"}
        assert kinds <= {inspect.Parameter.KEYWORD_ONLY}
    assert registry.summary(name).endswith(".")
