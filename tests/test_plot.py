"""The figures: colours mean what they say, titles keep apart, nothing needs a display."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
import scenes

import cvkit
from cvkit import registry
from cvkit.compare import paint, plot

LONG = "clahe(limit=2.0) | flatten_background(sigma=50) | sauvola(window=51, k=-0.2) | fill_holes | split(neck=0.{})"
IMAGE = np.random.default_rng(0).integers(0, 255, (12, 16)).astype(np.uint8)


def boxes(figure):
    renderer = figure.canvas.get_renderer()
    figure.draw(renderer)
    texts = [axes.title for axes in figure.axes] + [text for axes in figure.axes for text in axes.texts]
    pictures = [axes.get_window_extent(renderer) for axes in figure.axes]
    legends = [legend.get_window_extent(renderer) for legend in figure.legends]
    return [text.get_window_extent(renderer) for text in texts if text.get_text()], pictures + legends


@pytest.mark.parametrize("count", [1, 2, 5, 12, 30])
@pytest.mark.parametrize("shape", [(12, 16), (6, 60), (60, 6)])
def test_titles_never_overlap(count, shape):
    image = np.zeros(shape, np.uint8)
    labels = [LONG.format(n) if n % 3 else "W" * (50 + n) for n in range(count)]
    predictions = dict.fromkeys(labels, image > 0)
    predictions[labels[0]] = "a reason that is too long for a line: " + "no " * 60
    scores = {label: {"dice": n / 100, "ap50": 0.5} for n, label in enumerate(labels)}
    figure = plot.grid(image, predictions, image > 0, scores)
    assert len(figure.axes) == count + 2
    texts, others = boxes(figure)
    titles = texts[: count + 2]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(titles, 2))
    assert not any(title.overlaps(other) for title in titles for other in others)
    width, height = figure.canvas.get_width_height()
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height for box in texts + others)


def test_error_colours():
    truth = np.array([[True, True, False, False]])
    prediction = np.array([[True, False, True, False]])
    colours = plot.errors(truth, prediction)
    assert [bytes(colour).hex() for colour in colours[0]] == ["ffffff", "0072b2", "e69f00", "000000"]
    grey = np.sort(colours[0] @ [0.299, 0.587, 0.114])
    assert np.diff(grey).min() > 50
    assert (plot.errors(truth * 7, prediction * 3) == colours).all()
    with pytest.raises(ValueError, match="truth and prediction must have the same"):
        plot.errors(truth, prediction.T)


def test_panels_show_errors_and_the_best_is_marked():
    truth = IMAGE > 100
    scores = {"a": {"dice": 0.9, "ap50": 0.8}, "b": {"dice": 0.7, "ap50": np.nan}, "c": {"failure": "no luck"}}
    figure = plot.grid(IMAGE, {"a": IMAGE > 100, "b": IMAGE > 200, "c": "no luck"}, truth, scores)
    titles = [axes.title for axes in figure.axes]
    assert [title.get_text() for title in titles] == [
        "image",
        "truth",
        "a *\nDice 0.900, AP50 0.800",
        "b\nDice 0.700",
        "c",
    ]
    assert [title.get_fontweight() for title in titles] == ["normal", "normal", "bold", "normal", "normal"]
    assert (figure.axes[3].images[0].get_array() == plot.errors(truth, IMAGE > 200)).all()
    assert figure.axes[4].texts[0].get_text() == "failed: no luck"
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["hit", "missed", "false alarm", "background"]


def test_without_truth_objects_lie_on_the_image():
    labels = np.zeros(IMAGE.shape, np.int32)
    labels[2:6, 2:6], labels[2:6, 6:9] = 1, 2
    scores = {"a": {"coverage": 0.25, "objects": 2.0}}
    figure = plot.grid(IMAGE, {"a": labels}, scores=scores)
    assert [axes.get_title() for axes in figure.axes] == ["image", "a\n25.0% covered, 2 objects"]
    shown = figure.axes[1].images[0].get_array()
    assert (shown == plot.overlay(IMAGE, labels)).all() and not figure.legends
    assert (shown[8:] == paint.as_rgb(IMAGE)[8:]).all()
    assert (shown[2, 2] == paint.PALETTE[0]).all() and (shown[2, 8] == paint.PALETTE[1]).all()
    assert (shown[2:6, 5] == 0).all()


def test_classes_have_a_legend():
    classes = np.array([[0, 1, 2, 255]], np.uint8)
    figure = plot.grid(np.zeros((1, 4)), {"a": classes % 3}, classes, {"a": {"mean_iou": 0.5}})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["class 0", "class 1", "class 2", "void"]
    assert figure.axes[2].get_title() == "a\nmean IoU 0.500"
    binary = np.array([[0, 1, 1, 255]], np.uint8)
    shown = plot.grid(np.zeros((1, 4)), {"a": binary == 1}, binary).axes[2].images[0].get_array()
    assert shown[0].tolist() == [[0] * 3, [255] * 3, [255] * 3, [128] * 3]
    many = paint.class_colours(np.arange(256, dtype=np.uint8)[None])[0]
    assert len(np.unique(many[:15], axis=0)) == 15


def test_images_are_stretched_for_the_eye_only():
    assert paint.as_rgb(np.array([[0.1, np.nan, 0.3]]))[0, :, 0].tolist() == [0, 0, 255]
    assert paint.as_rgb(np.full((2, 2), 7.0)).max() == 0
    assert paint.as_rgb(np.full((2, 2), np.nan)).max() == 0
    colour = np.array([[[1, 2, 3]]], np.uint8)
    assert (paint.as_rgb(colour) == colour).all() and paint.as_rgb(colour) is not colour
    wide = np.zeros((3, 3, 3), np.uint16)
    wide[0, 0] = 60000
    assert paint.as_rgb(wide).max() == 255
    spot = np.zeros((100, 100), np.uint16)
    spot[5, 5] = 900
    assert paint.as_rgb(spot)[5, 5, 0] == 255


def test_odd_labels_are_drawn_as_they_are_written():
    labels = ["$x^2$ and $\\oops$", "two\nlines", "\udcff.onnx", ""]
    figure = plot.grid(IMAGE, dict.fromkeys(labels, IMAGE > 9))
    boxes(figure)
    titles = [axes.get_title() for axes in figure.axes[1:]]
    assert titles == ["$x^2$ and $\\oops$", "two\nlines", "\\udcff.onnx", ""]


def test_shapes_must_fit():
    with pytest.raises(ValueError, match="image and truth must have the same"):
        plot.grid(IMAGE, {}, IMAGE.T > 0)
    with pytest.raises(ValueError, match="the image and the prediction of otsu"):
        plot.grid(IMAGE, {"otsu": IMAGE.T > 0})


def test_large_images_are_thinned_out():
    image = np.zeros((50, 2500), np.uint8)
    assert plot.grid(image, {}).axes[0].images[0].get_array().shape == (17, 834, 3)


def test_steps_of_a_pipeline():
    image = np.zeros((40, 40), np.uint8)
    image[5:15, 5:15], image[20:30, 20:35] = 200, 220
    image += np.arange(40, dtype=np.uint8)
    figure = plot.steps(cvkit.Pipeline("median(size=3) | otsu | label | regions").trace(image))
    texts, _ = boxes(figure)
    assert [axes.get_title() for axes in figure.axes] == ["image", "median(size=3)", "otsu", "label", "regions"]
    assert set(np.unique(figure.axes[2].images[0].get_array())) == {0, 255}
    lines = figure.axes[4].texts[0].get_text().split("\n")
    assert lines[0].split()[:2] == ["label", "area"] and "2 rows of 14 columns" in lines[-1]
    assert texts[-1].x1 <= figure.canvas.get_width_height()[0]


def test_plot_of_a_comparison_can_be_saved(tmp_path):
    found = cvkit.compare(IMAGE, {"otsu": "otsu", "bad": lambda image: 1 / 0}, IMAGE > 100)
    figure = found.plot()
    figure.savefig(tmp_path / "comparison.png")
    assert (tmp_path / "comparison.png").stat().st_size > 1000
    assert "failed: ZeroDivisionError" in figure.axes[3].texts[0].get_text().replace("\n", " ")


def test_no_display_and_no_pyplot():
    code = (
        "import sys, numpy as np, cvkit; i = np.eye(9, dtype=np.uint8)\n"
        "cvkit.compare(i, 'otsu'); assert 'matplotlib' not in sys.modules\n"
        "cvkit.compare(i, 'otsu', i).plot(); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env={"PATH": "", "MPLBACKEND": "TkAgg"})


def test_all_methods_in_one_picture():
    image = scenes.blobs()[0]
    figure = cvkit.try_all(image)
    assert len(figure.axes) == 1 + len(registry.thresholds())
    two = np.repeat([0, 1], 50).astype(np.uint8)[None]
    figure = cvkit.try_all(two, ["otsu", "multi_otsu", "otsu | regions", lambda image: 1 / 0])
    texts = [" ".join(text.get_text() for text in axes.texts) for axes in figure.axes]
    assert texts[1] == "" and texts[2].startswith("failed: `classes` must be") and "rows of" in texts[3]
    assert "ZeroDivisionError" in texts[4]
    with pytest.raises(ValueError, match="did you mean 'otsu'"):
        cvkit.try_all(image, ["otzu"])
