"""The page of a comparison: whole, harmless, and saying what the table says."""

import base64
import re
import sys
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from scenes import blobs

import cvkit
from cvkit.compare.report import SIDE, Pictures, write_report
from cvkit.errors import LibraryMissing

EVIL = "<script>alert('&')</script>"


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def pairs(count):
    return [(image, labels > 0) for image, labels in (blobs(seed) for seed in range(count))]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    def broken(image):
        raise RuntimeError(f"no luck {EVIL}")

    path = tmp_path_factory.mktemp("report") / "page.html"
    methods = {EVIL: "otsu", "li": "li | remove_small(area=9)", "broken": broken}
    found = cvkit.evaluate(methods, pairs(7), report=path, metrics=["ap75"])
    return Page(path.read_text("utf-8")), found


def test_names_do_no_harm_and_nothing_is_fetched(page):
    page, _ = page
    assert page.text.count(EVIL) > 7 and not [tag for tag, _ in page.tags if tag == "script"]
    csp = next(attrs["content"] for tag, attrs in page.tags if tag == "meta" and "http-equiv" in attrs)
    assert csp == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    for _, attrs in page.tags:
        assert not [name for name in attrs if name.startswith("on")]
        address = attrs.get("src") or attrs.get("href") or "#"
        assert address.startswith(("#", "data:image/png;base64,"))


def test_it_says_what_the_table_says(page):
    page, found = page
    summary = found.summary()
    for label, dice in zip(found.labels[:2], summary["dice"], strict=False):
        assert label in page.text and f"{dice:.3f}" in page.text
    for words in (
        "7 images, 3 methods",
        "ap75",
        "How sure is that?",
        "Best and worst images",
        "memory",
        "Failures",
        "Settings",
        "bootstrap",
    ):
        assert words in page.text
    assert page.text.count("RuntimeError: no luck") >= 7 and "cvkit.evaluate([" in page.text


def test_every_image_is_there_with_all_its_panels(page):
    page, _ = page
    pictures = [attrs["src"].partition(",")[2] for tag, attrs in page.tags if tag == "img"]
    assert len(pictures) == 7 * (2 + 2) + 6 * 3  # and the best and the worst three, with what the leader made of them
    size = decode_png(pictures[0]).shape
    assert max(size) <= SIDE and size == (96, 110, 3)
    targets = {attrs["id"] for tag, attrs in page.tags if tag == "section"}
    links = [attrs["href"][1:] for tag, attrs in page.tags if tag == "a"]
    assert len(links) == 6 and set(links) <= targets and len(targets) == 7


def decode_png(text):
    return cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)


def test_without_truth_or_pictures(tmp_path):
    found = cvkit.compare(blobs()[0], ["otsu", "li"])
    text = write_report(found, tmp_path / "a.html", command="do it > again").read_text("utf-8")
    assert "<img" not in text and "do it &gt; again" in text and "Without truth" in text and "agreement" in text
    pictures = Pictures()
    pictures.add("one", blobs()[0], None, {"otsu": found.predictions["otsu"][0], "li": None})
    assert write_report(found, tmp_path / "a.html", pictures=pictures).read_text("utf-8").count("<img") == 2


def test_of_many_images_the_worst_are_shown(tmp_path, monkeypatch):
    monkeypatch.setattr("cvkit.compare.report.SHOWN", 4)
    truth = np.zeros((9, 9), bool)
    truth[3:6, 3:6] = True
    images = [(truth * 99 + truth.cumsum(axis=1) * 9 * (n % 5)).astype(np.uint8) for n in range(12)]

    def some(image):
        if image.max() == 99:
            raise ValueError("too easy")
        return image > 99 + image.max() // 9

    found = cvkit.evaluate([some, "otsu"], [(image, truth) for image in images], report=tmp_path / "a.html")
    page = Page((tmp_path / "a.html").read_text("utf-8"))
    shown = {attrs["id"] for tag, attrs in page.tags if tag == "section"}
    failed = {f"image-{name}" for name in found.rows["image"][found.rows["failure"] != ""]}
    assert len(failed) == 3 and failed <= shown and "Of 12 images" in page.text
    assert {attrs["href"][1:] for tag, attrs in page.tags if tag == "a"} <= shown


def test_the_folder_of_the_images_is_said_once(tmp_path):
    (tmp_path / "more").mkdir()
    files = [tmp_path / "a.png", tmp_path / "more" / "b.png"]
    for file in files:
        cvkit.write(file, blobs()[0])
    cvkit.evaluate("otsu", [(file, blobs()[1] > 0) for file in files], report=tmp_path / "r.html")
    text = Page((tmp_path / "r.html").read_text("utf-8")).text
    assert text.count(str(tmp_path)) == 1 and "more/b.png" in text.replace("\\", "/")


def test_classes_are_shown_in_colours(tmp_path):
    classes = np.repeat(np.arange(4, dtype=np.uint8)[None], 3, axis=0)
    found = cvkit.evaluate({"same": lambda image: classes}, [(classes, classes)] * 2, report=tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text("utf-8")
    assert "mean IoU" in text and "1.000" in text and found.rows["mean_iou"].tolist() == [1, 1]


def test_large_images_become_thumbnails(tmp_path):
    image = np.zeros((400, 1000), np.uint8)
    image[:200] = 200
    cvkit.evaluate("otsu", [(image, image > 0)], report=tmp_path / "a.html")
    data = re.search(r"base64,([^\"]+)", (tmp_path / "a.html").read_text("utf-8"))[1]
    assert decode_png(data).shape == (58, 143, 3)


def test_jinja_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(LibraryMissing, match="pip install jinja2"):
        write_report(cvkit.compare(blobs()[0], "otsu"), tmp_path / "a.html")


def test_the_command_writes_it(tmp_path):
    from click.testing import CliRunner

    from cvkit.cli import main

    for number, (image, labels) in enumerate(blobs(seed) for seed in range(2)):
        cvkit.write(tmp_path / f"{number}.png", image)
        cvkit.write(tmp_path / f"{number}-truth.png", labels)
    files = ["-r", f"{tmp_path}/r.html", "--csv", f"{tmp_path}/r.csv"]
    run = CliRunner().invoke(
        main, ["evaluate", str(tmp_path), "-m", "otsu", "-m", "otsu | split", "-s", "ap90", *files]
    )
    assert run.exit_code == 0, run.output
    assert "ap90" in run.output and f"The report is in {tmp_path}/r.html" in run.output
    assert "<h3>1.png</h3>" in (tmp_path / "r.html").read_text("utf-8")
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 5
