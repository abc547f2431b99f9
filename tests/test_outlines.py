"""Outlines, polygons, GeoJSON and COCO's run lengths: what they hold, and that they lead back to the same pixels."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from scenes import blobs

from cvkit.classic.components import (
    coco_annotations,
    contours,
    decode_rle,
    encode_rle,
    fill_polygons,
    from_geojson,
    label,
    polygons,
    regions,
    rle_area,
    to_geojson,
)

any_labels = nps.arrays(np.int32, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 3))
NOISE = [
    np.kron(np.random.default_rng(seed).integers(0, count, (30, 41)), np.ones((1, seed), int)).astype(np.int32)
    for seed, count in ((1, 2), (2, 3), (1, 9))
]


def area(ring):
    """Of a ring, positive if it is counterclockwise with x = column to the right and y = row upwards."""
    row, col = np.asarray(ring).T
    return (col * np.roll(row, -1) - np.roll(col, -1) * row).sum() / 2


def check(labels):
    found = polygons(labels)
    assert list(found) == np.unique(labels[labels > 0]).tolist()
    assert np.array_equal(fill_polygons(found, labels.shape), labels)
    for number, parts in found.items():
        inside = (labels == number).astype(np.uint8)
        assert len(parts) == cv2.connectedComponents(inside, connectivity=4)[0] - 1
        assert sum(area(ring) for part in parts for ring in part) == inside.sum()
        for part in parts:
            alone = fill_polygons({1: [part]}, labels.shape)
            assert cv2.connectedComponents(alone.astype(np.uint8), connectivity=4)[0] == 2
            assert area(part[0]) > 0 and all(area(hole) < 0 for hole in part[1:])
            for ring in part:
                assert len(np.unique(ring, axis=0)) == len(ring), "a ring meets itself"
                steps = np.diff(np.concatenate([ring, ring[:1]]), axis=0) != 0
                assert (steps.sum(axis=1) == 1).all() and (steps[1:] != steps[:-1]).all(), "not at right angles"
    rings = contours(labels)
    assert sum(map(len, rings)) == sum(len(ring) for parts in found.values() for part in parts for ring in part)


@given(any_labels)
@settings(deadline=None, max_examples=200)
def test_polygons_of_any_labels_fill_the_same_pixels(labels):
    check(labels)
    collection = json.loads(json.dumps(to_geojson(labels)))
    assert np.array_equal(from_geojson(collection, labels.shape), labels)
    encoded = encode_rle(labels)
    numbers = np.unique(labels[labels > 0])
    if len(encoded):
        assert np.array_equal(np.append(0, numbers)[decode_rle(encoded)], labels)
    for number, rle in zip(numbers, encoded, strict=True):
        assert np.array_equal(decode_rle(rle), labels == number) and rle_area(rle) == (labels == number).sum()


@pytest.mark.parametrize("labels", NOISE)
def test_polygons_of_noise_fill_the_same_pixels(labels):
    check(labels)


def test_one_pixel_a_hole_and_pixels_that_touch_at_a_corner():
    assert contours(np.array([[True]]))[0].tolist() == [[0, 0], [0, 1], [1, 1], [1, 0]]
    diagonal = polygons(np.array([[1, 0], [0, 1]]) > 0)
    assert [len(parts) for parts in diagonal.values()] == [2]
    assert len(polygons(np.array([[1, 0], [0, 1]]) > 0, connectivity=4)) == 2
    ring = np.ones((3, 4), np.int32)
    ring[1, 1] = 0
    (part,) = polygons(ring)[1]
    assert [len(one) for one in part] == [4, 4] and area(part[1]) == -1
    # two holes that touch at a corner are two rings, and so are a bay that closes at one and the outline
    lace = np.ones((4, 4), np.int32)
    lace[1, 1] = lace[2, 2] = 0
    assert [len(one) for one in polygons(lace)[1][0]] == [4, 4, 4]
    lace = np.ones((3, 3), np.int32)
    lace[1, 1] = lace[2, 2] = 0
    assert sorted(area(one) for one in polygons(lace)[1][0]) == [-1, 8]


def test_holes_in_islands_in_holes():
    rows, cols = np.mgrid[:21, :21]
    rings = (np.maximum(abs(rows - 10), abs(cols - 10)) % 3 == 0).astype(np.int32)
    assert [len(part) for part in polygons(rings)[1]] == [2, 2, 2, 1]
    check(rings)
    check(np.maximum(abs(rows - 10), abs(cols - 10)).astype(np.int32))


def test_nothing_is_no_polygon():
    nothing = np.zeros((4, 5), np.int32)
    assert contours(nothing) == [] and polygons(nothing) == {} and encode_rle(nothing) == []
    assert coco_annotations(nothing) == [] and to_geojson(nothing > 0)["features"] == []
    assert not from_geojson(to_geojson(nothing), (4, 5)).any()


def test_more_objects_than_sixteen_bits_hold():
    labels = np.zeros((520, 540), np.int32)
    labels[::2, ::2] = np.arange(1, 70201).reshape(260, 270) + 2**31 - 1 - 70200
    assert np.array_equal(fill_polygons(polygons(labels), labels.shape), labels)
    encoded = encode_rle(labels)
    assert len(encoded) == 70200 and decode_rle(encoded).max() == 70200
    assert np.array_equal(decode_rle(encoded) > 0, labels > 0)


def test_polygons_with_corners_between_pixels_and_outside():
    triangle = {4: [[[(-3, -3), (-3, 7.2), (7.2, -3)]]]}
    rows, cols = np.mgrid[:5, :6] + 0.5
    assert np.array_equal(fill_polygons(triangle, (5, 6)) == 4, rows + cols < 4.2)
    rng = np.random.default_rng(0)
    for _ in range(20):
        ring = rng.uniform(-2, 14, (7, 2))  # crosses itself: inside is what an odd number of edges surrounds
        odd = np.zeros((12, 13), bool)
        for (row0, col0), (row1, col1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            y, x = np.mgrid[:12, :13] + 0.5
            odd ^= ((row0 > y) != (row1 > y)) & (x > col0 + (y - row0) * (col1 - col0) / (row1 - row0))
        assert np.array_equal(fill_polygons({1: [[ring]]}, (12, 13)) == 1, odd)
    with pytest.raises(ValueError, match="at least 3 finite points"):
        fill_polygons({1: [[[(0, 0), (1, 1)]]]}, (3, 3))


def test_geojson_is_as_the_standard_wants_it():
    image, labels = blobs()
    collection = to_geojson(labels, table=regions(labels, image))
    assert json.loads(json.dumps(collection)) == collection
    for feature in collection["features"]:
        shape = feature["geometry"]
        parts = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
        total = 0
        for part in parts:
            for index, ring in enumerate(part):
                assert ring[0] == ring[-1] and len(ring) >= 5
                signed = area(np.array(ring[:-1])[:, ::-1])
                assert (signed > 0) == (index == 0)
                total += signed
        assert total == feature["properties"]["area"] == (labels == feature["properties"]["label"]).sum()
    with pytest.raises(ValueError, match="no row for 1 of"):
        to_geojson(labels, table={"label": np.arange(2, labels.max() + 1)})
    with pytest.raises(ValueError, match="must be a GeoJSON FeatureCollection"):
        from_geojson({"type": "Feature"}, (3, 3))
    with pytest.raises(ValueError, match="got 'Point'"):
        from_geojson({"type": "FeatureCollection", "features": [{"geometry": {"type": "Point"}}]}, (3, 3))
    features = [{"type": "Feature", "geometry": one["geometry"]} for one in collection["features"]]
    assert np.array_equal(from_geojson({"type": "FeatureCollection", "features": features}, labels.shape), labels)
    assert (
        to_geojson(np.ones((1, 1), int), table={"label": [1], "x": [np.nan]})["features"][0]["properties"]["x"] is None
    )


def test_run_lengths_are_those_of_pycocotools():
    """The texts are of pycocotools 2.0: mask.encode(np.asfortranarray(mask.astype(np.uint8)))."""
    mask = np.zeros((9, 11), bool)
    mask[2:7, 3:9] = True
    mask[4, 5], mask[0, 0] = False, True
    assert encode_rle(mask) == [{"size": [9, 11], "counts": "01l04XO00MM0330000`0"}]
    big = np.zeros((3000, 2000), bool)
    assert encode_rle(big)[0]["counts"] == "P\\Sg5" and encode_rle(~big)[0]["counts"] == "0P\\Sg5"
    big[-1, -1] = True
    assert encode_rle(big)[0]["counts"] == "o[Sg51" and rle_area({"size": [3000, 2000], "counts": b"o[Sg51"}) == 1
    assert np.array_equal(decode_rle({"size": [3000, 2000], "counts": b"o[Sg51"}), big)


def test_run_lengths_count_down_the_columns():
    mask = np.array([[0, 1, 1], [1, 1, 0]], bool)
    assert encode_rle(mask, compressed=False) == [{"size": [2, 3], "counts": [1, 4, 1]}]
    assert encode_rle(np.array([[2, 1], [1, 0]]), compressed=False)[1]["counts"] == [0, 1, 3]
    mixed = [encode_rle(mask)[0], encode_rle(~mask, compressed=False)[0]]
    assert decode_rle(mixed).tolist() == [[2, 1, 1], [1, 1, 2]]
    assert encode_rle(mask[:, ::-1].T)[0] == encode_rle(np.ascontiguousarray(mask[:, ::-1].T))[0]


def test_coco_annotations_have_area_and_box():
    mask = np.random.default_rng(1).random((60, 70)) < 0.3
    labels = label(mask)
    table, found = regions(labels), coco_annotations(labels, image_id=4, category_id=2, first=10)
    assert [one["id"] for one in found] == list(range(10, 10 + labels.max()))
    assert [one["area"] for one in found] == table["area"].tolist()
    assert [one["bbox"][:2] for one in found] == np.stack([table["col0"], table["row0"]], axis=1).tolist()
    high, wide = table["row1"] - table["row0"], table["col1"] - table["col0"]
    assert [one["bbox"][2:] for one in found] == np.stack([wide, high], axis=1).tolist()
    assert json.loads(json.dumps(found)) == found and [one["segmentation"] for one in found] == encode_rle(labels)


@pytest.mark.parametrize(
    "bad",
    [
        {"size": [2, 2], "counts": [1, 2]},
        {"size": [2, 2], "counts": [6, -2]},
        {"size": [2, 2], "counts": "1"},
        {"size": [2, 2], "counts": "1é"},
        {"size": [2, 2], "counts": ""},
        {"size": [2, 2], "counts": "P"},
        [],
        [{"size": [2, 2], "counts": "4"}, {"size": [1, 4], "counts": "4"}],
    ],
)
def test_what_are_no_run_lengths_is_refused(bad):
    with pytest.raises(ValueError, match=r"count|size"):
        decode_rle(bad)
