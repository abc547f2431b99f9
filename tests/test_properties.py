"""What holds for any input: properties, tried on what hypothesis thinks up."""

import string

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvkit import registry
from cvkit.classic import threshold
from cvkit.classic.components import fill_holes, label, remove_small, split
from cvkit.compare.metrics import average_precision, dice, iou
from cvkit.pipeline import Step

settings.register_profile("ours", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("ours")
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
