"""Files of objects: read back by other readers than the writer, to the very same pixels."""

import csv
import io
import json
import struct
import zipfile

import numpy as np
import pytest
from scenes import DATA

import cvkit
from cvkit.classic.components import fill_polygons, from_geojson, label, regions


@pytest.fixture
def labels():
    """Objects of every kind: a square, one with a hole, one of two parts, one that is one pixel; numbers with gaps."""
    labels = np.zeros((40, 60), np.int32)
    labels[2:9, 3:9] = 1
    labels[12:30, 10:30] = 7
    labels[15:20, 13:22] = 0
    labels[17, 15] = 30  # within the hole
    labels[32:35, 40:44] = labels[36:39, 50:55] = 12
    labels[39, 59] = 45
    return labels


def rings_of(region):
    """The outlines of a region of interest of ImageJ, x and y, as its own reader takes them from the bytes."""
    assert region[:4] == b"Iout" and struct.unpack(">H", region[4:6])[0] >= 217
    top, left, bottom, right, count = struct.unpack(">4hH", region[8:18])
    floats = struct.unpack(">i", region[36:40])[0]
    if not floats:
        assert region[6] == 8  # traced
        x, y = np.frombuffer(region[64 : 64 + 4 * count], ">i2").reshape(2, count)
        assert x.max() == right - left and y.max() == bottom - top
        return [np.stack([x + left, y + top], axis=1)]
    assert region[6] == 1
    values, rings, place = np.frombuffer(region[64 : 64 + 4 * floats], ">f4").tolist(), [], 0
    while place < floats:
        if values[place] == 4:
            place += 1
            continue
        if values[place] == 0:
            rings.append([])
        rings[-1].append(values[place + 1 : place + 3])
        place += 3
    return [np.array(ring) for ring in rings]


def drawn(regions, shape):
    return fill_polygons({number: [[ring[:, ::-1] for ring in rings]] for number, rings in regions.items()}, shape)


def test_imagej_draws_the_same_pixels(labels, tmp_path):
    path = cvkit.write(tmp_path / "objects.zip", labels)
    with zipfile.ZipFile(path) as file:
        assert file.namelist() == ["01.roi", "07.roi", "12.roi", "30.roi", "45.roi"] and file.testzip() is None
        found = {int(name[:2]): rings_of(file.read(name)) for name in file.namelist()}
    assert [len(rings) for rings in found.values()] == [1, 2, 2, 1, 1]
    assert np.array_equal(drawn(found, labels.shape), labels)
    assert cvkit.write(tmp_path / "again.zip", labels).read_bytes() == path.read_bytes()


def test_roifile_draws_the_same_pixels(labels, tmp_path):
    roifile = pytest.importorskip("roifile")
    found = {}
    for region in roifile.roiread(cvkit.write(tmp_path / "objects.zip", labels)):
        rings = region.coordinates(multi=True)
        found[int(region.name)] = [np.array(ring)[: len(ring) - (len(rings) > 1)] for ring in rings]
    assert np.array_equal(drawn(found, labels.shape), labels)


def test_imagej_beyond_16_bits(tmp_path):
    wide = np.zeros((3, 40_000), bool)
    wide[1, 39_000:39_010] = True
    with zipfile.ZipFile(cvkit.write(tmp_path / "wide.zip", wide)) as file:
        assert np.array_equal(drawn({1: rings_of(file.read("1.roi"))}, wide.shape), wide)
    assert zipfile.ZipFile(cvkit.write(tmp_path / "none.zip", wide & False)).namelist() == []


def test_coco_is_read_back(labels, tmp_path):
    cvkit.write(tmp_path / "cells.png", labels.astype(np.uint16))
    path = cvkit.write(tmp_path / "cells.json", labels, image="cells.png")
    ((_, found),) = cvkit.datasets.from_coco(path)
    assert found.max() == 5 and all(len(np.unique(found[labels == number])) == 1 for number in (1, 7, 12, 30, 45))
    assert np.array_equal(found > 0, labels > 0)
    entry = json.loads(cvkit.write(tmp_path / "own.json", labels).read_text())["images"][0]
    assert entry == {"id": 1, "file_name": "own", "height": 40, "width": 60}


def test_geojson_is_read_back_with_the_measures(labels, tmp_path):
    data = json.loads(cvkit.write(tmp_path / "cells.geojson", labels).read_text())
    assert np.array_equal(from_geojson(data, labels.shape), labels)
    assert data["features"][1]["properties"]["area"] == np.count_nonzero(labels == 7)


def test_csv_holds_the_measures(labels, tmp_path):
    text = cvkit.write(tmp_path / "cells.csv", labels).read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    table = regions(labels)
    assert [int(row["area"]) for row in rows] == table["area"].tolist() and list(rows[0]) == list(table)
    assert [float(row["row"]) for row in rows] == pytest.approx(table["row"])
    assert cvkit.write(tmp_path / "table.csv", table).read_text() == text


def test_a_mask_is_its_components_and_no_object_is_no_fault(labels, tmp_path):
    mask = labels > 0
    for ending in ("csv", "json", "geojson", "zip"):
        one, other = (
            cvkit.write(tmp_path / f"{name}.{ending}", given, image="x.png").read_bytes()
            for name, given in (("mask", mask), ("labels", label(mask)))
        )
        assert one == other and len(one) > 100
        assert len(cvkit.write(tmp_path / f"none.{ending}", mask & False).read_bytes()) > 10


def test_columns_are_of_one_type():
    """What Parquet, Arrow and data frames want: ``pyarrow.table(table)`` takes it as it is."""
    image, truth = cvkit.read(DATA / "coins.png"), cvkit.read_truth(DATA / "coins-truth.png")
    rows = cvkit.evaluate(["otsu", lambda image: 1 / 0], [(image, truth)]).rows
    for table in (regions(truth, image, columns="all"), rows):
        assert all(column.ndim == 1 and column.dtype.kind in "iufbU" for column in table.values())


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("x.json", np.zeros((2, 2), np.uint8), "uint8 stands for classes"),
        ("x.geojson", np.zeros((2, 2)), "must hold integers"),
        ("x.zip", {"area": np.ones(1)}, "a table goes into a CSV file, not into .zip"),
        ("x.xls", np.zeros((2, 2), bool), "or for objects .csv, .json, .geojson, .zip"),
    ],
)
def test_what_holds_no_objects_is_refused(tmp_path, name, array, words):
    with pytest.raises(ValueError, match=words):
        cvkit.write(tmp_path / name, array)
    assert list(tmp_path.iterdir()) == []
