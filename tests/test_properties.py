"""What holds for any input: properties, tried on what hypothesis thinks up."""

import string

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scenes import blobs

import cvkit
from cvkit import registry
from cvkit.classic import threshold
from cvkit.classic.components import fill_holes, label, regions, relabel, remove_small, split
from cvkit.compare import documents, metrics, objects
from cvkit.compare.metrics import dice, iou
from cvkit.compare.objects import average_precision
from cvkit.deep import predict, read_card, tiles
from cvkit.errors import CvkitError
from cvkit.pipeline import Pipeline, Step

SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12))
MASKS = arrays(bool, SHAPES)
IMAGES = arrays(st.sampled_from(["uint8", "uint16", "int32"]), SHAPES, elements=st.integers(0, 120))
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text())


@given(IMAGES)
def test_otsu_parts_where_the_variance_between_is_greatest(image):
    def between(t):
        dark, bright = image[image <= t].astype(float), image[image > t].astype(float)
        return len(dark) * len(bright) * (dark.mean() - bright.mean()) ** 2 if len(dark) and len(bright) else -1.0

    found = threshold(image, "otsu")
    if np.isnan(found):
        assert np.ptp(image) == 0
    else:
        assert np.isclose(between(found), max(between(t) for t in np.unique(image)))


@given(IMAGES, st.integers(1, 5), st.integers(-50, 50))
def test_otsu_follows_a_change_of_unit(image, factor, offset):
    moved = image.astype(np.int64) * factor + offset
    assert np.array_equal(image > threshold(image, "otsu"), moved > threshold(moved, "otsu"))


@given(MASKS, st.floats(0, 1))
def test_split_keeps_the_mask_and_parts_components_only(mask, neck):
    labels = split(mask, neck=neck)
    assert np.array_equal(labels > 0, mask)
    assert len(set(zip(labels.ravel().tolist(), label(mask).ravel().tolist(), strict=True)) - {(0, 0)}) == labels.max()


@given(MASKS, st.integers(0, 20))
def test_cleaning_twice_is_cleaning_once(mask, area):
    once = remove_small(mask, area=area)
    assert not (once & ~mask).any() and np.array_equal(remove_small(once, area=area), once)
    filled = fill_holes(mask)
    assert (filled | ~mask).all() and np.array_equal(fill_holes(filled), filled)


@given(st.tuples(SHAPES, st.randoms(use_true_random=False)))
def test_scores_do_not_care_for_turns_and_sides(drawn):
    shape, random = drawn
    truth, prediction = np.random.default_rng(random.randrange(2**32)).random((2, *shape)) < 0.5
    assert dice(truth, prediction) == dice(prediction, truth) == dice(truth.T, prediction.T)
    overlap = iou(truth, prediction)
    assert np.isclose(dice(truth, prediction), 2 * overlap / (1 + overlap))
    one, other = label(truth), label(prediction)
    assert average_precision(one, one) == 1 and np.isclose(average_precision(one, other), average_precision(other, one))


@given(st.dictionaries(st.text(string.ascii_lowercase, min_size=1, max_size=8).filter(str.isidentifier), VALUES))
def test_any_arguments_come_back_from_the_text(arguments):
    import keyword

    arguments = {name: value for name, value in arguments.items() if not keyword.iskeyword(name)}
    entry = registry.Entry("step", None, ("image",), "image", dict.fromkeys(arguments, _Free()))
    text = str(Step(entry, arguments))
    assert registry.split(f"{text} | otsu") == [text, "otsu"]
    assert registry.parse(text) == ("step", arguments)


class _Free:
    """A parameter with a default."""

    default, empty = None, object()


FLOATS = ("float16", "float32", "float64")
FORMATS = {
    ".png": ("bool", "uint8", "uint16"),
    ".bmp": ("uint8",),
    ".webp": ("uint8",),
    ".tif": ("bool", *(f"{kind}{bits}" for kind in ("uint", "int") for bits in (8, 16, 32, 64)), *FLOATS),
}
FEW = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def anything(dtype, channels=False):
    """Arrays of any values that a dtype has and an image may have."""
    kind = np.dtype(dtype).kind
    shapes = SHAPES.flatmap(lambda shape: st.sampled_from([shape, (*shape, 3)])) if channels else SHAPES
    if kind == "f":  # of any bits: the largest, the smallest, NaN and infinity too
        return arrays(f"uint{8 * np.dtype(dtype).itemsize}", shapes).map(lambda bits: bits.view(dtype))
    return arrays(dtype, shapes)


def beyond(image):
    """Whether it holds what may be refused: what is not exact in float64, or has no square."""
    if image.dtype.kind == "f":
        size = np.abs(image.astype(np.float64)).max(initial=0, where=~np.isnan(image))
        return bool(not np.isfinite(image[~np.isnan(image)]).all() or size > 1e30 or 0 < size < 1e-30)
    return image.dtype.itemsize == 8 and max(abs(int(image.min())), abs(int(image.max()))) > 2**53


@pytest.mark.parametrize(("ending", "dtype"), [(ending, dtype) for ending in FORMATS for dtype in FORMATS[ending]])
@FEW
@given(data=st.data())
def test_what_is_written_is_read(ending, dtype, data, tmp_path):
    image = data.draw(anything(dtype, channels=dtype != "bool"))
    try:
        back = cvkit.read(cvkit.write(tmp_path / f"image{ending}", image))
    except CvkitError as fault:
        assert fault.remedy and beyond(image)
        return
    if dtype == "bool":
        assert np.array_equal(back > 0, image) and set(np.unique(back)) <= {0, 1, 255}
    else:
        if ending == ".webp" and image.ndim == 2:
            assert (back == back[:, :, :1]).all()  # WebP has no grey
            back = back[:, :, 0]
        assert np.array_equal(back, image, equal_nan=image.dtype.kind == "f")
        assert back.dtype == image.dtype or dtype == "int32"  # labels are written in 16 bits where these hold them


# What may care where an image begins, and what of it must still hold:
# `split`, `watershed` and `expand` give a pixel as near to two objects to the one that comes first: the same pixels.
# `largest` keeps the first of equally large objects: as many pixels.
# `skeleton` peels from one side, then from the other, as its paper has it: as many parts.
# `clahe` fills up its last tiles at the right and lower border, unless the sides are multiples: left out if mirrored.
BY_ORDER = {
    **dict.fromkeys(("split", "watershed", "expand"), lambda one, other: np.array_equal(one > 0, other > 0)),
    "largest": lambda one, other: np.count_nonzero(one) == np.count_nonzero(other),
    "skeleton": lambda one, other: label(one).max() == label(other).max(),
}
TURNS = {"transposed": lambda a: np.swapaxes(a, 0, 1), "mirrored": lambda a: a[:, ::-1], "upended": lambda a: a[::-1]}
METHODS = registry.thresholds()
# `feng` puts windows side by side from the first pixel on.
TURNED = [(name, turn) for name in METHODS for turn in TURNS if name != "feng" or turn == "transposed"]


@pytest.mark.parametrize(("method", "turn"), TURNED)
@settings(max_examples=6)
@given(image=arrays(np.uint8, st.tuples(st.integers(5, 14), st.integers(5, 14)), elements=st.integers(0, 60)))
def test_a_turned_image_has_the_turned_answer(method, turn, image):
    answer = _answer(image, method)
    turned = _answer(np.ascontiguousarray(TURNS[turn](image)), method)
    assert (answer is None) == (turned is None) and (answer is None or np.array_equal(TURNS[turn](answer), turned))


def _answer(image, method):
    """The answer, or None where there is none: too few different values for three classes."""
    try:
        return cvkit.segment(image, method)
    except ValueError:
        return None


STEPS = [name for name in registry.steps() if name not in ("crop", "regions")]


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("name", STEPS)
@settings(max_examples=8)
@given(drawn=arrays(np.uint8, st.tuples(st.integers(3, 12), st.integers(3, 12)), elements=st.integers(0, 3)))
def test_a_step_does_not_care_where_an_image_begins(name, turn, drawn):
    entry, turned = registry.find(name), TURNS[turn]
    given_array = {"image": drawn, "mask": drawn > 1, "labels": drawn.astype(np.int32)}[entry.takes[0]]
    more = {"resize": {"height": 6, "width": 6}}.get(name, {})
    one = entry.call(given_array, **more)
    other = entry.call(np.ascontiguousarray(turned(given_array)), **more)
    if name == "clahe" and turn != "transposed":
        return
    if name in BY_ORDER:
        assert BY_ORDER[name](turned(one), other)
    elif one.dtype == np.int32:
        assert _same_partition(turned(one), other)
    elif one.dtype.kind == "f" or name in ("gaussian", "resize", "clahe"):
        assert np.allclose(turned(one).astype(float), other.astype(float), atol=1 if one.dtype.kind == "u" else 1e-4)
    else:
        assert np.array_equal(turned(one), other)


def _same_partition(one, other):
    """Whether two labellings part the pixels alike, whatever the numbers."""
    pairs = set(zip(one.ravel().tolist(), other.ravel().tolist(), strict=True))
    alike = all((a == 0) == (b == 0) for a, b in pairs)
    return alike and len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


@given(MASKS, st.sampled_from([4, 8]))
def test_labels_part_the_mask_as_scipy_does(mask, connectivity):
    labels = label(mask, connectivity=connectivity)
    known, count = scipy.ndimage.label(mask, np.ones((3, 3)) if connectivity == 8 else None)
    assert labels.max() == count and np.array_equal(labels > 0, mask) and _same_partition(labels, known)
    assert np.array_equal(relabel(labels), labels) and regions(labels)["area"].sum() == mask.sum()
    numbers = np.random.default_rng(0).permutation(count + 1)[labels] * (labels > 0) + (labels > 0)
    assert _same_partition(relabel(numbers.astype(np.int64)), labels)


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(shape=st.tuples(st.integers(180, 230), st.integers(900, 1000)), seed=st.integers(0, 99))
def test_tiles_are_the_whole(shape, seed, monkeypatch):
    image = np.tile(blobs(seed=seed)[0], (3, 10))[: shape[0], : shape[1]]
    with monkeypatch.context() as patch:
        patch.setattr(tiles, "SMALL", 2**20)
        whole = predict.probabilities(image, registry.TRAINED / "nuclei")
        for name in ("SMALL", "LARGE"):
            patch.setattr(tiles, name, 1)
        card = read_card(registry.TRAINED / "nuclei")
        assert max(map(len, tiles.plan(*shape, card["halo"], card["stride"]))) > 1
        assert np.allclose(predict.probabilities(image, registry.TRAINED / "nuclei"), whole, atol=2e-5)


def _values(parameter):
    """Values of the kind of a parameter's default, not all of which it would accept when it runs."""
    kind = type(parameter.default)
    if kind is str or parameter.default is parameter.empty:
        return st.text(max_size=6)
    if kind in (int, float):
        return st.one_of(st.integers(-9, 999), st.floats(allow_nan=False, allow_infinity=False))
    return st.one_of(st.none(), st.booleans(), st.integers(), st.lists(st.integers(0, 9), max_size=3))


@st.composite
def pipelines(draw):
    """Steps that fit, around one method, with some of their parameters given."""
    entries = [registry.find(name) for name in registry.steps()]
    chosen = draw(st.lists(st.sampled_from([one for one in entries if one.takes == ("image",)]), max_size=3))
    chosen.append(registry.find(draw(st.sampled_from([*METHODS, "nuclei"]))))
    kind = chosen[-1].gives
    for _ in range(draw(st.integers(0, 3))):
        fitting = [one for one in entries if kind in one.takes]
        if not fitting:
            break
        chosen.append(draw(st.sampled_from(fitting)))
        kind = kind if chosen[-1].gives == "same" else chosen[-1].gives
    steps = []
    for entry in chosen:
        needed = [name for name, one in entry.parameters.items() if one.default is one.empty]
        more = (
            draw(st.lists(st.sampled_from(sorted(entry.parameters)), unique=True, max_size=3))
            if entry.parameters
            else []
        )
        given_ones = dict.fromkeys([*needed, *more])
        steps.append((entry.name, {name: draw(_values(entry.parameters[name])) for name in given_ones}))
    return steps


@settings(max_examples=40)
@given(pipelines())
def test_the_text_of_a_pipeline_gives_itself_back(steps):
    built = Pipeline(steps)
    again = Pipeline(str(built))
    assert str(again) == str(built) and again.gives == built.gives
    assert [(step.entry.name, step.arguments) for step in again.steps] == [
        (step.entry.name, step.arguments) for step in built.steps
    ]


@given(st.tuples(SHAPES, st.integers(0, 2**32 - 1)))
def test_scores_swap_sides_where_they_must(drawn):
    shape, seed = drawn
    one, other = np.random.default_rng(seed).integers(0, 4, (2, *shape), np.uint8)
    assert np.isclose(metrics.mean_iou(one, other), metrics.mean_iou(other, one))
    assert metrics.precision(one > 1, other > 1) == metrics.recall(other > 1, one > 1)
    assert documents.psnr(one > 1, other > 1) == documents.psnr(other > 1, one > 1)
    here, there = objects.match_objects(one.astype(np.int32), other), objects.match_objects(other.astype(np.int32), one)
    rows = {tuple(row) for row in zip(*(here[key].tolist() for key in ("truth", "prediction", "iou")), strict=True)}
    swapped = {tuple(row) for row in zip(*(there[key].tolist() for key in ("prediction", "truth", "iou")), strict=True)}
    assert rows == swapped
    for score in (metrics.dice, metrics.iou, metrics.precision, metrics.recall, documents.pseudo_f):
        assert 0 <= score(one > 1, other > 1) <= 1 and score(one > 1, one > 1) == 1
        assert score(one > 1, other > 1) == score((one > 1)[::-1], (other > 1)[::-1]) or score is documents.pseudo_f


def test_numbers_of_objects_do_not_matter():
    labels = blobs()[1]
    shuffled = np.random.default_rng(0).permutation(labels.max() + 1)
    shuffled[shuffled == 0], shuffled[0] = shuffled[0], 0
    assert average_precision(labels, shuffled[labels]) == 1
