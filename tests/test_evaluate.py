"""Methods times images: rows, summary, table; what fails, and what is refused."""

import csv
import inspect
import pydoc
import sys

import numpy as np
import pytest

import cvkit
from cvkit import Pipeline
from cvkit.compare import paint, table
from cvkit.compare.evaluate import evaluate


@pytest.fixture
def pair():
    rows, cols = np.mgrid[:40, :60]
    truth = (np.hypot(rows - 15, cols - 15) < 9) | (np.hypot(rows - 20, cols - 45) < 7)
    image = np.where(truth, 180, 40) + np.random.default_rng(0).integers(0, 30, truth.shape)
    return image.astype(np.uint8), truth


def broken(image):
    raise RuntimeError("out of\nluck")


def everything(image):
    return np.ones(image.shape[:2], bool)


def test_the_package_is_a_call_that_explains_itself(pair):
    from cvkit.compare.evaluate import compare

    assert inspect.signature(cvkit.compare).parameters.keys() == inspect.signature(compare).parameters.keys()
    assert "methods : str, Pipeline" in pydoc.render_doc(cvkit.compare, renderer=pydoc.plaintext)
    assert cvkit.compare(pair[0], "otsu").labels == ["otsu"]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        cvkit.compare.nothing  # noqa: B018


def test_rows_of_one_image(pair):
    found = cvkit.compare(pair[0], ["otsu", "otsu | label", everything], pair[1])
    rows = found.rows
    assert found.labels == list(rows["method"]) == ["otsu", "otsu | label", "everything"]
    assert {len(column) for column in rows.values()} == {3}
    assert rows["dice"][:2].tolist() == rows["ap50"][:2].tolist() == [1, 1]
    assert rows["recall"][2] == 1
    assert rows["precision"][2] == rows["iou"][2] == pytest.approx(pair[1].mean())
    assert rows["objects"].tolist() == [2, 2, 1] and rows["true_objects"].tolist() == [2, 2, 2]
    assert rows["coverage"][2] == 1 and (rows["seconds"] > 0).all() and not any(rows["failure"])
    assert np.isnan(rows["mean_iou"]).all() and np.isnan(rows["agreement"]).all()
    assert found.predictions["otsu"][0].dtype == bool and found.truths[0] is not None


def test_labels_are_used_as_given_and_masks_by_components(pair):
    image, truth = pair
    parts = truth.astype(np.int64)
    parts[:, 30:43] *= 2  # the second disc is cut in two, of which the right part is the larger
    parts[:, 43:] *= 7
    rows = cvkit.compare(image, "otsu", parts).rows
    assert rows["true_objects"] == 3 and rows["dice"] == 1 and rows["ap50"] == 2 / 3


def test_without_truth_methods_are_compared_with_each_other(pair):
    found = cvkit.compare(pair[0], ["otsu", "otsu | label", everything])
    same, dice = 1, 2 * pair[1].mean() / (1 + pair[1].mean())
    assert found.rows["agreement"] == pytest.approx([(same + dice) / 2, (same + dice) / 2, dice])
    assert np.isnan(found.rows["dice"]).all()
    assert "agreement" in str(found) and "Without truth none can be called the best" in str(found)
    assert np.isnan(cvkit.compare(pair[0], "otsu").rows["agreement"]).all()


@pytest.mark.parametrize("methods", ["otsu", ["otsu"], Pipeline("otsu"), {"otsu": ["otsu"]}, ("otsu",), iter(["otsu"])])
def test_ways_to_name_methods(pair, methods):
    assert cvkit.compare(pair[0], methods, pair[1]).labels == ["otsu"]


def test_labels_of_a_dict(pair):
    found = cvkit.compare(pair[0], {"a": "otsu", "b": "otsu", "mine": everything}, pair[1])
    assert found.labels == ["a", "b", "mine"] and list(found.predictions) == found.labels


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        (["otsu", "otzu"], "did you mean 'otsu'"),
        (["otsu", Pipeline("otsu")], "two methods are called 'otsu'"),
        (["otsu | label | regions"], "ends in a table"),
        ([], "`methods` is empty"),
        ({1: "otsu"}, "must be texts"),
    ],
)
def test_faults_in_writing_are_told_before_anything_runs(pair, methods, words):
    ran = []

    def spy(image):
        ran.append(1)
        return everything(image)

    methods = {"spy": spy} | methods if isinstance(methods, dict) else [spy, *methods] if methods else methods
    with pytest.raises(ValueError, match=words):
        cvkit.compare(pair[0], methods)
    assert not ran


def test_what_is_no_method_image_or_truth_is_refused(pair):
    image, truth = pair
    with pytest.raises(TypeError, match="`methods` must be a text"):
        cvkit.compare(image, 5)
    with pytest.raises(
        ValueError, match=r"the image and the truth must have the same height.*\(40, 60\) and \(60, 40\)"
    ):
        cvkit.compare(image, "otsu", truth.T)
    with pytest.raises(TypeError, match="`the truth` must hold integers"):
        cvkit.compare(image, "otsu", truth.astype(float))
    with pytest.raises(TypeError, match="`image` must be an array"):
        cvkit.compare("coins.png", "otsu")
    with pytest.raises(ValueError, match="the image and the truth of image 1 must have"):
        evaluate("otsu", [(image, truth), (image, truth[1:])])
    with pytest.raises(TypeError, match=r"pair 0 must be \(image, truth\), got ndarray"):
        evaluate("otsu", pair)
    with pytest.raises(ValueError, match="`pairs` is empty"):
        evaluate("otsu", [])


def test_a_method_that_fails_does_not_end_the_comparison(pair):
    methods = [broken, "otsu", "crop(row0=0, col0=0, row1=9, col1=9) | otsu", lambda image: image.astype(float)]
    found = cvkit.compare(pair[0], methods, pair[1])
    reasons = found.rows["failure"]
    assert reasons[0] == "RuntimeError: out of luck" and reasons[1] == ""
    assert reasons[2].startswith("image and answer must have the same height and width")
    assert reasons[3].startswith("an answer must be")
    assert np.isnan(found.rows["dice"]).tolist() == [True, False, True, True]
    assert found.predictions["broken"] == [None]
    assert "failed: RuntimeError: out of luck" in str(found) and "Best Dice: otsu (1.00)." in str(found)


def test_a_method_cannot_change_the_image_of_the_next(pair):
    def spoil(image):
        image[:] = 0
        return everything(image)

    assert cvkit.compare(pair[0], [spoil, "otsu"], pair[1]).rows["dice"][1] == 1


def test_each_method_runs_once_untimed_and_then_once_an_image(pair):
    calls = []

    def count(image):
        calls.append(image.shape)
        return everything(image)

    evaluate(count, [pair, (pair[0].T, pair[1].T)])
    assert calls == [(40, 60), (40, 60), (60, 40)]


def test_what_a_partly_failing_method_is_worth(pair):
    image, truth = pair

    def moody(image):
        if image.shape[0] == 60:
            raise ValueError("too tall")
        return image > 110

    found = evaluate([moody, everything], [(image, truth), (image.T, truth.T), (image[1:], truth[1:])])
    summary = found.summary()
    assert summary["failures"].tolist() == [1, 0] and summary["dice"][0] == 1
    assert summary["failed_image"][0] == "1" and summary["images"].tolist() == [3, 3]
    text = str(found)
    assert "moody failed on 1 of 3 images and is not ranked; first on 1: too tall" in text
    assert "Best Dice: everything" in text and "1 of 3" in text


def test_summary_over_images(pair):
    image, truth = pair
    found = evaluate(["otsu", everything], ((image[n:], truth[n:]) for n in range(0, 20, 4)))
    mine = found.rows["dice"][found.rows["method"] == "everything"]
    summary = found.summary()
    assert summary["dice"][1] == pytest.approx(mine.mean())
    assert mine.min() < summary["dice_low"][1] < summary["dice"][1] < summary["dice_high"][1] < mine.max()
    assert summary["objects"].tolist() == [10, 5] and summary["true_objects"].tolist() == [10, 10]
    assert not found.images and not found.predictions
    with pytest.raises(ValueError, match="keeps no pictures"):
        found.plot("images")
    assert np.isnan(cvkit.compare(image, "otsu", truth).summary()["dice_low"]).all()


def test_classes():
    truth = np.array([[0, 1, 2, 255]], np.uint8)
    image = truth * 50

    def classes(image):
        return np.array([[0, 1, 1, 1]], np.uint8)

    found = cvkit.compare(image, [classes, "otsu"], truth)
    assert found.rows["mean_iou"][0] == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert np.isnan(found.rows["dice"]).all()
    assert found.rows["failure"][1].startswith("the truth holds several classes but the answer is of kind mask")
    assert "mean IoU" in str(found)


def test_void_in_labels_does_not_count(tmp_path):
    image = np.zeros((2, 8), np.uint8)
    truth = np.array([[1, 1, 0, 0, -1, -1, 0, 2]] * 2)
    answer = np.array([[1, 1, 0, 0, 3, 3, 0, 0]] * 2, np.int32)
    methods = {"labels": lambda _: answer, "mask": lambda _: answer > 0, "both": lambda _: (answer > 0).view(np.uint8)}
    rows = evaluate(methods, [(image, truth)], report=tmp_path / "page.html").rows
    assert rows["precision"].tolist() == [1, 1, 1] and rows["recall"].tolist() == [pytest.approx(2 / 3)] * 3
    assert rows["ap50"].tolist() == [0.5] * 3 and rows["true_objects"].tolist() == [2] * 3
    assert cvkit.compare(image, methods, truth).plot() and cvkit.compare(image, methods, truth).rows["ap50"][0] == 0.5
    grey = paint.judged(truth.astype(np.int32), answer)[0, 4:6]
    assert grey.tolist() == [list(paint.GREY)] * 2
    with pytest.raises(ValueError, match="must hold 0 for what is no object"):
        evaluate(methods, [(image, truth - 1)])


def test_two_classes_against_a_mask_and_void():
    image = np.array([[10, 200, 200, 10]], np.uint8)
    rows = cvkit.compare(image, "otsu", np.array([[0, 1, 255, 255]], np.uint8)).rows
    assert rows["dice"] == 1 and rows["failure"] == ""

    def ones(image):
        return (image > 50).astype(np.uint8)

    assert cvkit.compare(image, ones, image > 50).rows["dice"] == 1


def test_a_mask_of_opencv_is_a_mask():
    image = np.array([[10, 200, 200]], np.uint8)

    def threshold(image):
        return np.where(image > 50, 255, 0).astype(np.uint8)

    found = cvkit.compare(image, threshold, threshold(image))
    assert found.rows["dice"] == 1 and found.truths[0].dtype == bool


def test_files_are_read_by_cvkit(pair, tmp_path):
    pytest.importorskip("cvkit.io")
    image, truth = tmp_path / "image.png", tmp_path / "truth.png"
    cvkit.write(image, pair[0])
    cvkit.write(truth, pair[1])
    rows = evaluate("otsu", [(image, str(truth)), (pair[0], truth)]).rows
    assert rows["dice"].tolist() == [1, 1] and rows["image"].tolist() == [str(image), "1"]


def test_csv_runs_no_formula(pair, tmp_path):
    found = cvkit.compare(pair[0], {"=1+1": "otsu", "bad, one": broken, "\ud800": "otsu"}, pair[1])
    found.to_csv(tmp_path / "scores.csv")
    with open(tmp_path / "scores.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["method"] for row in rows] == ["'=1+1", "bad, one", "\\ud800"]
    assert rows[0]["dice"] == "1" and rows[1]["dice"] == "" and rows[1]["failure"] == "RuntimeError: out of luck"
    str(found).encode("utf-8")


def test_csv_runs_no_name_of_a_file(pair, tmp_path, monkeypatch):
    """Case 49 of the list: a spreadsheet would run what such an image is called."""
    monkeypatch.chdir(tmp_path)
    names = ["=cmd|' .. C calc'!A1.png", "+1.png", "-1.png", "@SUM(A1).png"]
    for name in names:
        cvkit.write(name, pair[0])
    evaluate("otsu", [(name, pair[1]) for name in names]).to_csv("scores.csv")
    with open("scores.csv", newline="", encoding="utf-8") as file:
        assert [row["image"] for row in csv.DictReader(file)] == [f"'{name}" for name in names]


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("images", [1, 3])
def test_the_table_fits_and_marks_the_best(pair, width, images):
    long = "median(size=5) | gaussian(sigma=1) | otsu | fill_holes | remove_small(area=10) | split"
    found = evaluate([long, "otsu", everything, broken], [pair] * images)
    lines = table.text(found.summary(), width).split("\n")
    assert max(map(len, lines)) <= width
    assert lines[0].startswith("method") and "Dice" in lines[0] and "AP50" in lines[0]
    (otsu,) = (line for line in lines if line.startswith("otsu  "))
    assert "1.000*" in otsu or "1.000 [1.00, 1.00]*" in otsu
    shown = next(line for line in lines if line.startswith("everything"))
    assert shown.count("*") <= 2  # its recall, and perhaps its time
    joined = " ".join(lines)
    assert "failed: RuntimeError: out of luck" in joined and "Best Dice: otsu (1.00)." in joined
    assert ("[1.00, 1.00]" in joined) == (images > 1)
    if "IoU" not in lines[0]:
        assert "Left out to fit: memory, IoU" in joined


def test_ties_are_all_marked_and_zero_is_no_win(pair):
    found = cvkit.compare(pair[0], ["otsu", "otsu | label"], pair[1])
    text = table.text(found.summary(), 100)
    assert text.count("1.000*") == 2 * 5 and "Best Dice: all (1.00)." in text
    none = cvkit.compare(pair[0], {"a": lambda image: ~pair[1], "b": lambda image: ~pair[1]}, pair[1])
    assert "Best Dice" not in str(none)


def test_one_image_of_one_pixel_and_nan():
    image = np.array([[np.nan]])
    found = cvkit.compare(image, ["otsu", everything], np.array([[True]]))
    assert len(found.rows["dice"]) == 2 and found.rows["dice"][1] == 1
    found.plot()


def test_scores_that_are_asked_for_become_columns(pair):
    image, truth = pair
    found = evaluate(
        ["otsu | label", everything], [pair, (image.T, truth.T)], metrics=["ap75", "hausdorff95", "count_error"]
    )
    assert found.rows["ap75"].tolist() == [1, 0, 1, 0] and found.rows["count_error"].tolist() == [0, 1, 0, 1]
    text = str(found)
    assert "hausdorff95" in text and "0.000*" in text and "count error" in text
    assert "hausdorff95_low" in found.summary()
    with pytest.raises(ValueError, match="no score is called 'hausdorf95'; did you mean 'hausdorff95'"):
        evaluate("otsu", [pair], metrics=["hausdorf95"])


def test_two_methods_are_compared_on_the_same_images(pair):
    image, truth = pair
    found = evaluate([everything, "otsu", broken], ((image[n:], truth[n:]) for n in range(0, 20, 4)))
    table = found.paired("dice")
    assert table["first"].tolist()[0] == "otsu" and table["second"].tolist()[0] == "everything"
    assert table["wins"][0] == 5 and table["losses"][0] == 0 and table["sure"][0] == 1
    assert 0 < table["low"][0] < table["difference"][0] < table["high"][0] < 1
    assert np.isnan(table["difference"][1]) and table["wins"][1] == 0
    few = found.paired("objects")
    assert few["difference"][0] == 1 and few["first"][0] == "otsu"
    with pytest.raises(ValueError, match="`score` must be one of"):
        found.paired("image")
    assert evaluate("otsu", [pair]).paired() == {}


def test_where_less_is_better_the_lower_one_comes_first(pair):
    image, truth = pair
    found = evaluate([everything, "otsu"], [(image[n:], truth[n:]) for n in (0, 4)], metrics=["count_error"])
    table = found.paired("count_error")
    assert table["first"][0] == "otsu" and table["difference"][0] == -1 and table["wins"][0] == 2


def test_classes_are_scored_over_all_images_together():
    def classes(image):
        return np.where(image > 1, 1, image).astype(np.uint8)

    images = [np.array([[0, 1, 2, 2]], np.uint8), np.array([[0, 0, 0, 1]], np.uint8)]
    truths = [images[0], np.array([[0, 255, 1, 1]], np.uint8)]
    found = evaluate(classes, zip(images, truths, strict=True))
    table = found.class_scores("classes")
    assert table["class"].tolist() == [0, 1, 2] and table["pixels"].tolist() == [2, 3, 2]
    assert table["iou"].tolist() == pytest.approx([2 / 3, 2 / 5, 0])
    assert table["recall"].tolist() == pytest.approx([1, 2 / 3, 0])
    assert table["precision"].tolist() == pytest.approx([2 / 3, 2 / 4, 0])
    with pytest.raises(ValueError, match="`label` must be"):
        found.class_scores("otsu")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells the peak of a process")
def test_memory_of_a_method_is_what_the_process_grew_by(pair):
    def greedy(image):
        return np.ones((4000, 4000))[:40, :60] * image > 110

    rows = evaluate([greedy, broken, "otsu"], [pair, pair]).rows
    memory = dict(zip(rows["method"][:3], rows["memory"][:3], strict=True))
    assert 100e6 < memory["greedy"] < 200e6 and memory["otsu"] < 50e6
    assert np.isnan(memory["broken"]) and np.isnan(rows["memory"][3:]).all()


def test_the_verdict_names_no_winner_that_failed():
    """As the table: what is perfect on the one image on which it did not fail is not ranked."""
    images = [np.array([[10, 10, 200, 200]], np.uint8) + step for step in range(2)]
    pairs = [(image, image > 100) for image in images]

    def fails(image):
        if image.min() == 11:
            raise ValueError("no")
        return image > 100

    found = evaluate({"fails": fails, "half": lambda image: np.arange(4)[None] == 2, "none": lambda i: i > 255}, pairs)
    assert found.summary()["dice"][0] == 1 and "half beats none" in found.verdict()
    assert "fails beats none" not in found.verdict()
