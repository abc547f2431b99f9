"""The figures: colours mean what they say, titles keep apart, nothing needs a display."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
import scenes

import cvkit
from cvkit import classic, registry
from cvkit.compare import charts, curves, paint, plot, speed

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


def written(figure):
    """All texts of a figure of charts: titles, names, and those labels of ticks that lie within the axes."""
    for axes in figure.axes:
        yield from (text for text in (*axes.texts, axes.title) if text.get_text())
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, sorted(axes.get_ylim()))):
            if axes.axison:
                yield axis.label
                ticks = axis.get_ticklabels(which="both")
                places = axis.get_ticklocs(), axis.get_ticklocs(minor=True)
                for text, place in zip(ticks, np.concatenate(places), strict=False):
                    if low <= place <= high and text.get_text() and text.get_visible():
                        yield text


def check_apart(figure):
    renderer = figure.canvas.get_renderer()
    figure.draw(renderer)
    texts = [text for text in written(figure) if text.get_text()]
    found = [text.get_window_extent(renderer).padded(-0.5) for text in texts]
    for (one, name), (other, second) in itertools.combinations(zip(found, texts, strict=True), 2):
        assert not one.overlaps(other), (name, second)
    width, height = figure.canvas.get_width_height()
    for box, text in zip(found, texts, strict=True):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, text


@pytest.mark.parametrize("count", [1, 3, 12, 40])
def test_nothing_overlaps_in_charts(count):
    rng = np.random.default_rng(count)
    labels = [LONG.format(n) if n % 3 else f"method_{n}" for n in range(count)]
    values, seconds = rng.uniform(0.6, 0.9, count), 10 ** rng.uniform(-4, 1, count)
    values[4:14], seconds[4:14] = values[0], seconds[0]  # many in one place
    values[3:4] = np.nan
    check_apart(charts.bars(labels, values, values - 0.05, values + 0.05, title="Dice", best=[0]))
    check_apart(speed.tradeoff(labels, seconds, values, values - 0.05, values + 0.05, title="Dice"))
    check_apart(charts.histogram(IMAGE, {label: values[: n + 1] * 200 for n, label in enumerate(labels)}))
    check_apart(curves.sweep({"window": list(range(count)), "border": labels}, values, title="Dice"))


def test_bars_say_the_numbers_and_who_is_best():
    axes = charts.bars(["a", "b", "c"], [0.5, 0.75, np.nan], [0.4, 0.7, np.nan], [0.6, 0.8, 0.9], best=[1]).axes[0]
    assert [text.get_text() for text in axes.texts] == ["a", "0.500", "b *", "0.750", "c", "-"]
    assert [bar.get_width() for bar in axes.patches] == [0.5, 0.75]
    assert [tuple(line.get_xdata()) for line in axes.lines[::3]] == [(0.4, 0.6), (0.7, 0.8)]
    assert charts.bars(["drd"], [30.0]).axes[0].get_xlim()[1] > 30


def test_what_nothing_beats_in_both_lies_on_the_line():
    seconds, values = [0.001, 0.01, 0.1, 0.05, 0.0], [0.5, 0.7, 0.9, 0.6, 1.0]
    points, names = speed.tradeoff(list("abcde"), seconds, values, title="Dice").axes
    assert sorted(zip(*points.lines[0].get_data(), strict=True)) == [(0.001, 0.5), (0.01, 0.7), (0.1, 0.9)]
    assert [text.get_text().split()[0] for text in names.texts[1::2]] == list("cbdae")
    assert names.texts[-1].get_text() == "e\nno score or time"
    low = speed.tradeoff(list("ab"), [0.1, 0.2], [3.0, 4.0], best_is_low=True).axes[0]
    assert low.lines[0].get_xdata().tolist() == [0.1]


def test_thresholds_on_the_histogram():
    image = np.array([[0, 1, 1, 250]], np.uint8)
    found = {name: classic.threshold(image, name) for name in ("otsu", "mean", "multi_otsu", "sauvola")}
    figure = charts.histogram(image, found)
    counts = figure.axes[0].patches[0].get_data().values
    assert counts.sum() == 4 and counts[1] == 2 and counts[250] == 1
    marks = [line.get_xdata()[0] for line in figure.axes[1].lines if line.get_marker() == "D"]
    assert marks[:2] == [found["otsu"], found["mean"]] and len(figure.axes[0].lines) == 4
    assert charts.histogram(np.array([[7.5, np.nan]]), {"none": np.nan}).axes[1].texts[1].get_text() == "none"
    with pytest.raises(ValueError, match="no value of `image` is a number"):
        charts.histogram(np.array([[np.nan]]), {})


def test_curves_of_a_training():
    history = [{"epoch": 1, "loss": 2.0, "alarm": ""}, {"epoch": 2, "loss": 1.0, "val_loss": 1.5, "alarm": ""}]
    (axes,) = curves.curves(history).axes
    assert [line.get_label() for line in axes.lines] == ["training", "validation"]
    assert axes.lines[0].get_ydata().tolist() == [2, 1] and axes.lines[1].get_ydata()[1] == 1.5
    figure = curves.curves([{"step": n} | {f"score {k}": n * k for k in range(6)} for n in range(3)])
    assert len(figure.axes) == 6 and figure.axes[5].get_xlabel() == "step"
    check_apart(figure)


def test_a_sweep_runs_through_the_best():
    choices = {"window": [15, 15, 31, 31], "border": ["a", None, "a", None]}
    axes = curves.sweep(choices, [0.1, 0.4, np.nan, 0.3], title="Dice").axes
    assert axes[0].lines[1].get_xydata().tolist() == [[15, 0.4], [31, 0.3]]
    assert axes[1].lines[1].get_xydata().tolist() == [[0, 0.1], [1, 0.4]]
    assert axes[0].lines[2].get_xydata().tolist() == [[15, 0.4]]
    low = curves.sweep(choices, [0.1, 0.4, np.nan, 0.3], best_is_low=True).axes[0]
    assert low.lines[2].get_xydata().tolist() == [[15, 0.1]]


def test_samples_with_their_truths():
    figure = plot.samples([IMAGE, IMAGE[:5]], [IMAGE > 9, (IMAGE[:5] > 9).astype(np.uint8)], ["a", "b"])
    assert [axes.get_title() for axes in figure.axes] == ["a", "b", "classes of b"]
    assert (figure.axes[0].images[0].get_array() == plot.overlay(IMAGE, IMAGE > 9)).all()
    with pytest.raises(ValueError, match="2 images, 1 truths"):
        plot.samples([IMAGE] * 2, [IMAGE > 9])
    with pytest.raises(ValueError, match="image and truth of 0"):
        plot.samples([IMAGE], [IMAGE.T > 9])


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


EVIL = "<script>alert('&')</script>"


def test_results_show_themselves_in_notebooks():
    image, labels = scenes.blobs()
    found = cvkit.compare(image, {EVIL: "otsu", "li": "li"}, labels > 0)
    html = found._repr_html_()
    assert html.startswith("<table>") and "<script" not in html and "&lt;script&gt;" in html
    assert f"{found.summary()['dice'][0]:.3f}" in html and "Fastest" in html and "data:image/png;base64," in html
    assert found._repr_png_().startswith(b"\x89PNG") and cvkit.try_all(image, "otsu")._repr_png_().startswith(
        b"\x89PNG"
    )
    tuned = cvkit.tune("otsu | remove_small(area=[4, 16])", [(image, labels > 0)])
    assert tuned.choices == {"remove_small area": [4, 16]} and tuned.plot().axes[0].get_xlabel() == "remove_small area"
    assert "<code>otsu | remove_small(area=4)</code>" in tuned._repr_html_()


def test_results_of_many_images_are_drawn_as_numbers():
    pairs = [(image, labels > 0) for image, labels in map(scenes.blobs, range(3))]
    found = cvkit.evaluate(["otsu", "li", "mean"], pairs, metrics=["drd"])
    dice = found.summary()["dice"]
    assert [text.get_text() for text in found.plot().axes[0].texts][1::2] == [f"{value:.3f}" for value in dice]
    assert found.plot("speed", score="drd").axes[0].get_ylabel() == "DRD, less is better"
    assert "data:image/png" in found._repr_html_()
    with pytest.raises(ValueError, match="`kind` must be"):
        found.plot("pictures")
    with pytest.raises(ValueError, match="`score` must be"):
        found.plot(score="dise")
