"""Folders, COCO files, downloads, reports, drawn pages: pairs to learn from."""

import gzip
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

import cvkit
from cvkit.classic.components import encode_rle
from cvkit.datasets import check, download, draw_page, fashion_mnist, fetch, from_coco, from_folders
from cvkit.errors import CvkitError, FileFault, FileMissing

IMAGE = np.arange(48, dtype=np.uint8).reshape(6, 8)


def write_all(folder, files):
    for name, array in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cvkit.write(folder / name, array)
    return folder


def truth(number):
    labels = np.zeros((6, 8), np.uint8)
    labels[1:3, 1:3] = number
    return labels


def test_two_folders_are_paired_by_name_and_read_when_asked(tmp_path):
    write_all(
        tmp_path, {"i/b.png": IMAGE, "i/a.tif": IMAGE + 1, "t/a_mask.png": truth(255), "t/b-label.PNG": truth(255)}
    )
    pairs = from_folders(tmp_path / "i", tmp_path / "t")
    assert [path.name for path in pairs.images] == ["a.tif", "b.png"]
    image, mask = pairs[0]
    assert np.array_equal(image, IMAGE + 1) and mask.dtype == bool and mask.sum() == 4
    assert len(pairs[1:]) == 1 and np.array_equal(pairs[1:][0][0], IMAGE)
    (tmp_path / "i" / "a.tif").unlink()
    assert len(pairs) == 2
    with pytest.raises(FileNotFoundError):
        pairs[0]


def test_one_folder_is_paired_by_the_mark_of_the_truth(tmp_path):
    write_all(tmp_path, {"x1.png": IMAGE, "x1-truth.png": truth(255), "x2.png": IMAGE, "x2_gt.tif": truth(255)})
    assert [path.name for path in from_folders(tmp_path).truths] == ["x1-truth.png", "x2_gt.tif"]


@pytest.mark.parametrize(
    ("kind", "value", "dtype", "highest"),
    [("mask", 1, bool, True), ("labels", 7, np.int32, 7), ("classes", 3, np.uint8, 3), (None, 3, np.uint8, 3)],
)
def test_kinds_of_truths(tmp_path, kind, value, dtype, highest):
    write_all(tmp_path, {"a.png": IMAGE, "a_mask.png": truth(value)})
    found = from_folders(tmp_path, kind=kind)[0][1]
    assert found.dtype == dtype and found.max() == highest


def test_classes_of_0_and_255_alone_are_classes_if_that_is_said(tmp_path):
    files = {"a.png": IMAGE, "a_mask.png": truth(2), "b.png": IMAGE + 1, "b_mask.png": truth(255)}
    files |= {"c.png": IMAGE + 2, "c_mask.png": truth(1)}
    found = from_folders(write_all(tmp_path, files))
    assert [pair[1].dtype for pair in found] == [np.uint8, bool, np.uint8]
    report = check(found)
    assert [name for name, _ in report.faults] == [str(tmp_path / "b.png")] and 'kind="mask"' in report.faults[0][1]
    pairs = from_folders(tmp_path, kind="classes")
    assert np.array_equal(pairs[1][1], truth(255)) and pairs[1][1].dtype == np.uint8 and not check(pairs).faults


def test_colours_become_classes_in_their_order(tmp_path):
    picture = np.zeros((6, 8, 3), np.uint8)
    picture[0], picture[1] = (128, 64, 128), (64, 0, 128)
    write_all(tmp_path, {"a.png": IMAGE, "a_mask.png": picture})
    colours = {"road": (128, 64, 128), "void": (0, 0, 0), "car": (64, 0, 128)}
    pairs = from_folders(tmp_path, colours=colours)
    assert pairs.classes == ["road", "car"]
    assert pairs[0][1][:3, 0].tolist() == [0, 1, 255]
    del colours["car"]
    with pytest.raises(CvkitError, match=r"8 pixels of \(64, 0, 128\) and 8 unknown in all; add the colour"):
        from_folders(tmp_path, colours=colours)[0]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["a.png"], "pairs-alone"),
        (["a.png", "a_mask.png", "b_mask.png"], "pairs-alone"),
        (["a.png", "a.tif", "a_mask.png"], "pairs-twice"),
        ([], "pairs-none"),
    ],
)
def test_folders_that_do_not_pair_are_explained(tmp_path, files, code):
    write_all(tmp_path, dict.fromkeys(files, IMAGE))
    with pytest.raises(CvkitError) as caught:
        from_folders(tmp_path)
    assert caught.value.code == code and caught.value.remedy


def test_a_folder_that_is_not_there_and_a_kind_that_is_none(tmp_path):
    with pytest.raises(FileMissing, match="folder of images"):
        from_folders(tmp_path / "none")
    with pytest.raises(ValueError, match="kind"):
        from_folders(tmp_path, kind="masks")
    write_all(tmp_path, {"a.png": IMAGE, "a_mask.png": np.full((6, 8), 300, np.uint16)})
    with pytest.raises(CvkitError, match='kind="labels"'):
        from_folders(tmp_path, kind="classes")[0]


def test_a_split_parts_all_pairs_and_repeats(tmp_path):
    files = {f"{n}{mark}.png": IMAGE for n in range(10) for mark in ("", "_mask")}
    pairs = from_folders(write_all(tmp_path, files))
    rest, held = pairs.split(0.3, seed=4)
    assert (len(rest), len(held)) == (7, 3)
    assert sorted(rest.images + held.images) == pairs.images
    assert pairs.split(0.3, seed=4)[1].images == held.images != pairs.split(0.3, seed=5)[1].images
    assert [len(part) for part in pairs[:2].split(0)] == [1, 1]
    with pytest.raises(CvkitError, match="at least 2 pairs"):
        pairs[:1].split()
    pairs.classes = ["sky", "road"]
    parts = [*pairs.split(), pairs[::3], pairs.subset([4, 1]), pairs[:0]]
    assert all(part.classes == ["sky", "road"] for part in parts) and len(parts[-1]) == 0
    assert parts[3].images == [pairs.images[4], pairs.images[1]]


def coco(folder, drawings, **more):
    write_all(folder, {"photos/a.png": IMAGE})
    data = {
        "images": [{"id": 5, "file_name": "a.png", "height": 6, "width": 8}],
        "categories": [{"id": 9, "name": "dog"}, {"id": 2, "name": "cat"}],
        "annotations": [{"image_id": 5} | drawing for drawing in drawings],
    }
    (folder / "all.json").write_text(json.dumps(data | more))
    return folder / "all.json"


def test_coco_polygons_and_run_lengths(tmp_path):
    large, small = np.zeros((6, 8), bool), np.zeros((6, 8), bool)
    large[1:5, 2:7], small[2:4, 3:5] = True, True
    file = coco(
        tmp_path,
        [
            {"category_id": 9, "segmentation": encode_rle(small)[0]},
            {"category_id": 2, "segmentation": [[2, 1, 7, 1, 7, 5, 2, 5]]},
            {"category_id": 2, "segmentation": {"size": [6, 8], "counts": [0, 3, 45]}, "iscrowd": 1},
        ],
    )
    image, labels = from_coco(file, tmp_path / "photos")[0]
    assert np.array_equal(image, IMAGE)
    assert np.array_equal(labels == 2, small) and np.array_equal(labels > 0, large)
    assert (labels[:3, 0] == -1).all() and (labels == -1).sum() == 3
    pairs = from_coco(file, tmp_path / "photos", kind="classes")
    assert pairs.classes == ["background", "cat", "dog"]
    expected = np.where(small, 2, large).astype(np.uint8)
    expected[:3, 0] = 255
    assert np.array_equal(pairs[0][1], expected)


@pytest.mark.parametrize(
    ("drawings", "more", "code"),
    [
        ([{"category_id": 2}], {}, "coco-format"),
        ([], {"images": 3}, "coco-format"),
        ([{"category_id": 2, "segmentation": [], "image_id": 8}], {}, "coco-image"),
        ([], {"images": [{"id": 1, "file_name": "b.png", "height": 1, "width": 1}]}, "coco-image"),
        ([{"category_id": 2, "segmentation": [[1, 2, 3]]}], {}, "coco-drawing"),
        ([{"category_id": 3, "segmentation": []}], {}, "coco-drawing"),
    ],
)
def test_coco_files_that_do_not_fit_are_explained(tmp_path, drawings, more, code):
    with pytest.raises(CvkitError) as caught:
        from_coco(coco(tmp_path, drawings, **more), tmp_path / "photos", kind="classes")[0]
    assert caught.value.code == code


@pytest.mark.parametrize(("count", "fits"), [(254, True), (255, False), (300, False)])
def test_coco_categories_are_as_many_as_8_bits_hold(tmp_path, count, fits):
    categories = [{"id": number, "name": number} for number in range(1, count + 1)]
    drawn = [{"category_id": count, "segmentation": [[2, 1, 7, 1, 7, 5, 2, 5]]}]
    file = coco(tmp_path, drawn, categories=categories)
    assert from_coco(file, tmp_path / "photos")[0][1].max() == 1
    if fits:
        pairs = from_coco(file, tmp_path / "photos", kind="classes")
        assert pairs[0][1].max() == 254 and pairs.classes[254] == "254"
    else:
        with pytest.raises(CvkitError, match=f'at most 254 categories.* got {count}; .*kind="labels"'):
            from_coco(file, tmp_path / "photos", kind="classes")


def test_a_coco_file_that_is_not_there(tmp_path):
    with pytest.raises(FileMissing):
        from_coco(tmp_path / "none.json")


def test_the_report_names_what_is_wrong(tmp_path):
    files = {"a.png": IMAGE, "a_mask.png": truth(1), "b.png": IMAGE, "b_mask.png": truth(1)[:4]}
    files |= {"c.tif": IMAGE.astype(np.float32), "c_mask.png": truth(0), "d.png": IMAGE, "d_mask.png": truth(60)}
    pairs = from_folders(write_all(tmp_path, files))
    (tmp_path / "d.png").write_bytes(b"")
    report = check(pairs)
    assert [text.partition(",")[0] for _, text in report.faults] == [
        "the image is 6 x 8",
        "the file is empty; copy or download it again",
        "its truth is of kind mask",
    ]
    assert [name.rpartition("/")[2] for name, _ in report.faults] == ["b.png", "d.png", "c.tif"]
    text = str(report)
    for part in (
        "4 pairs",
        "several depths and channels: 2 uint8, grey, 1 float32, grey",
        'kind="mask"',
        "nothing is marked",
    ):
        assert part in text, text


def test_the_report_counts_classes_and_objects():
    classes = np.array([[0, 2, 2, 255]], np.uint8)
    report = check([(np.zeros((1, 4)), classes)])
    assert report.facts["classes"] == "0 33.3 % in 1, 2 66.7 % in 1" and report.facts["void"] == "25.0 % of the pixels"
    assert report.remarks == [("", "never occurs: class 1")] and not report.faults
    labels = np.array([[0, 900, 7, 7]], np.int32)
    assert check([(np.zeros((1, 4)), labels)]).facts["objects"] == "2, 2 to 2 an image"
    labels[0, 0] = -1
    facts = check([(np.zeros((1, 4)), labels)]).facts
    assert facts["void"] == "25.0 % of the pixels" and facts["objects"] == "2, 2 to 2 an image"
    assert "NaN" in check([(np.full((1, 4), np.nan), labels)]).faults[0][1]


@pytest.fixture
def server():
    """A server of this machine: gives what `files` holds, the first `cut` bytes of it only."""

    class Handler(BaseHTTPRequestHandler):
        files, cut, asked = {}, None, []

        def do_GET(self):
            self.asked.append(self.path)
            data = self.files.get(self.path)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write((data or b"")[: self.cut])

        def log_message(self, *_):
            pass

    running = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    Handler.url = f"http://127.0.0.1:{running.server_port}"
    yield Handler
    running.shutdown()
    running.server_close()


def test_a_download_is_fetched_once_and_whole(tmp_path, server):
    server.files = {"/a": b"right"}
    good = hashlib.sha256(b"right").hexdigest()
    file = tmp_path / "deep" / "a.bin"
    for _ in range(2):
        assert fetch(f"{server.url}/a", file, sha256=good).read_bytes() == b"right"
    assert server.asked == ["/a"]
    file.write_bytes(b"damaged")
    assert fetch(f"{server.url}/a", file, sha256=good).read_bytes() == b"right"


@pytest.mark.parametrize(
    ("address", "content", "cut", "code"),
    [
        ("/a", b"wrong", None, "download-checksum"),
        ("/b", b"right", None, "download"),
        ("/a", b"right", 3, "download-cut"),
    ],
)
def test_a_bad_download_leaves_nothing(tmp_path, server, address, content, cut, code):
    server.files, server.cut = {"/a": content}, cut
    with pytest.raises(CvkitError) as caught:
        fetch(server.url + address, tmp_path / "a", sha256=hashlib.sha256(b"right").hexdigest())
    assert caught.value.code == code and list(tmp_path.iterdir()) == []


def test_no_other_scheme_and_nobody_there(tmp_path):
    with pytest.raises(CvkitError, match="begins with https"):
        fetch("file:///etc/passwd", tmp_path / "a", sha256="")
    with pytest.raises(FileFault, match="is there a network"):
        fetch("http://127.0.0.1:9/a", tmp_path / "a", sha256="")


def test_fashion_mnist_comes_from_the_folder_or_the_network(tmp_path, server, monkeypatch):
    images, classes = np.arange(2 * 784).astype(np.uint8).tobytes(), bytes([3, 9])
    unpacked = {"t10k-images-idx3-ubyte.gz": bytes(16) + images, "t10k-labels-idx1-ubyte.gz": bytes(8) + classes}
    server.files = {f"/{name}": gzip.compress(data) for name, data in unpacked.items()}
    monkeypatch.setattr(download, "FASHION", f"{server.url}/")
    monkeypatch.setattr(download, "FASHION_FILES", {n: hashlib.sha256(d).hexdigest() for n, d in unpacked.items()})
    found, labels = fashion_mnist(tmp_path, "test")
    assert found.shape == (2, 28, 28) and found[1, 0, :2].tolist() == [16, 17] and labels.tolist() == [3, 9]
    fashion_mnist(tmp_path, "test")
    assert len(server.asked) == 2
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(server.files["/t10k-labels-idx1-ubyte.gz"][:-9])
    assert fashion_mnist(tmp_path, "test")[1].tolist() == [3, 9]
    assert len(server.asked) == 3


def test_pages_repeat_differ_and_hold_dark_ink():
    image, ink = draw_page(7, height=80, width=120)
    again, _ = draw_page(7, height=80, width=120)
    other, _ = draw_page(8, height=80, width=120)
    assert image.shape == (80, 120, 3) and image.dtype == np.uint8 and ink.shape == (80, 120) and ink.dtype == bool
    assert np.array_equal(image, again) and not np.array_equal(image, other)
    shares = []
    for seed in range(6):
        image, ink = draw_page(seed, height=160, width=160)
        shares.append(ink.mean())
        assert image[ink].mean() < image[~ink].mean()
    assert 0.01 < min(shares) < max(shares) < 0.4
    with pytest.raises(ValueError, match="height"):
        draw_page(1, height=0)
