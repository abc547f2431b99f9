"""The pipeline: text and list, kinds, names, arguments, trace, and the way back to text."""

import functools

import numpy as np
import pytest
from scenes import blobs

import cvkit
from cvkit.arrays import Image, Mask
from cvkit.pipeline import Pipeline

TEXTS = [
    "otsu",
    "median(size=3) | otsu | fill_holes | remove_small(area=64) | split",
    "sauvola(window=25, k=0.2, r=None, foreground='dark') | label",
    "clahe | nuclei | remove_small(area=30)",
    "crop(row0=2, col1=50) | resize(height=20) | adaptive_mean(border='replicate') | largest | regions",
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back(text):
    assert str(Pipeline(text)) == text
    assert repr(Pipeline(text)) == f"Pipeline({text!r})"


def test_list_text_and_nested_pipeline_are_the_same():
    text = "median(size=5) | otsu | remove_small(area=9)"
    built = Pipeline(["median(size=5)", ("otsu", {}), ("remove_small", {"area": 9})])
    assert str(built) == text
    assert str(Pipeline(["median(size=5)", Pipeline("otsu | remove_small(area=9)")])) == text
    image = blobs()[0]
    assert np.array_equal(built(image), Pipeline(text)(image))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("otsu | gaussian", "gaussian takes an image, but otsu gives a mask: 'otsu | gaussian'"),
        ("otsu | sauvola", "sauvola takes an image, but otsu gives a mask"),
        ("otsu | label | split", "split takes a mask, but label gives labels"),
        ("otsu | regions | label", "label takes a mask, but regions gives a table"),
        ("gaussian | median", "exactly one method, 'gaussian | median' has none"),
        ("fill_holes", "fill_holes takes a mask, but the start gives an image"),
        ("otzu", "no method or step is called 'otzu'; did you mean 'otsu'?"),
        ("", "a step has no name"),
        ("otsu |", "a step has no name"),
        ("xyzzy", "known: .*otsu"),
        ("median(sizes=3) | otsu", "median has no parameter 'sizes'; did you mean 'size'?"),
        ("otsu(window=3)", "otsu has no parameter 'window'; it has: foreground"),
        ("median(3) | otsu", "in 'median\\(3\\)': write each argument as name=value"),
        ("median(size=) | otsu", "in 'median\\(size=\\)': "),
        ("median(size=x) | otsu", "the value of size must be a number, a quoted text"),
        ("median(size=3", "no method or step is called 'median\\(size=3'"),
        ("median(**{'size': 3}) | otsu", "name=value"),
        ("no/such/model", "there is no such model folder"),
    ],
)
def test_what_does_not_fit_is_refused_when_built(text, words):
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        Pipeline(text)


def test_quotes_within_quotes_do_not_end_a_step():
    from cvkit.registry import parse, split

    value = 'it\'s "a | b" (c'
    text = f"step(name={value!r})"
    assert split(f"{text} | otsu") == [text, "otsu"] and parse(text) == ("step", {"name": value})


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="a pipeline is a text, a function or a list of these, got int"):
        Pipeline(3)
    with pytest.raises(ValueError, match="needs `height`"):
        cvkit.segment(np.eye(3), "resize | otsu")


def test_trace_keeps_every_step():
    image = blobs()[0]
    trace = Pipeline("median(size=3) | otsu | label | regions").trace(image)
    assert [text for text, _ in trace] == ["image", "median(size=3)", "otsu", "label", "regions"]
    assert trace[0][1] is image and trace[2][1].dtype == bool and set(trace[4][1]) > {"area", "row"}


def brighter(image, level=100):
    return image > level


def twice(image: Image, *, by: float = 2) -> Image:
    return image * by


def shrink(mask: Mask) -> Mask:
    return mask & np.roll(mask, 1, axis=0)


def test_functions_stand_beside_names():
    image = blobs()[0].astype(float)
    pipeline = Pipeline([twice, brighter, shrink, "label"])
    assert str(pipeline) == "twice | brighter | shrink | label"
    assert pipeline(image).dtype == np.int32
    tuned = Pipeline([(twice, {"by": 3}), functools.partial(brighter, level=350)])
    assert str(tuned) == "twice(by=3) | brighter"
    assert np.array_equal(tuned(image), image * 3 > 350)
    assert np.array_equal(cvkit.segment(image, brighter, level=90), image > 90)
    assert np.array_equal(cvkit.segment(image, lambda image: image > 90), image > 90)


def test_a_function_that_gives_no_answer_is_named():
    with pytest.raises(TypeError, match="an answer must be a bool mask, int32 labels or uint8 classes"):
        cvkit.segment(np.eye(4), lambda image: image * 2.0)
    with pytest.raises(ValueError, match="counts as one"):
        Pipeline([brighter, brighter])
    with pytest.raises(TypeError, match="takes no array"):
        Pipeline([lambda: 3])


def test_arguments_go_to_a_single_method_only():
    image = blobs()[0]
    assert cvkit.segment(image, "sauvola", window=25).any()
    with pytest.raises(ValueError, match="write window into the pipeline's text"):
        cvkit.segment(image, "gaussian | sauvola", window=25)
    with pytest.raises(ValueError, match="must be an odd integer of at least 3, got 4; use 5"):
        cvkit.segment(image, "sauvola", window=4)
    with pytest.raises(ValueError, match="`foreground` must be one of 'bright', 'dark', 'auto', got 'blue'"):
        cvkit.segment(image, "otsu", foreground="blue")


def test_a_path_with_odd_signs_survives(tmp_path):
    import shutil

    from cvkit.registry import TRAINED

    folder = tmp_path / "my (best) | model"
    shutil.copytree(TRAINED / "nuclei", folder)
    pipeline = Pipeline([folder, "label"])
    assert str(Pipeline(str(pipeline))) == str(pipeline)
    image = blobs()[0]
    assert np.array_equal(Pipeline(str(pipeline))(image), cvkit.segment(image, "nuclei | label"))
