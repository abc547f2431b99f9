"""Components against arrays solved by hand, scipy and scikit-image."""

import numpy as np
import pytest
from scenes import blobs
from scipy import ndimage
from skimage import measure, morphology, segmentation

from cvkit.classic.components import clear_border, fill_holes, label, largest, regions, relabel, remove_small, split

NOISE = [np.random.default_rng(seed).random((60, 47)) < share for seed, share in enumerate((0.1, 0.4, 0.6, 0.9))]


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("mask", NOISE)
def test_label_is_that_of_scikit_image(mask, connectivity):
    theirs = measure.label(mask, connectivity=1 if connectivity == 4 else 2)
    assert np.array_equal(label(mask, connectivity=connectivity), theirs)


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("mask", NOISE)
def test_remove_small_is_that_of_scikit_image(mask, connectivity):
    theirs = morphology.remove_small_objects(mask, max_size=6, connectivity=1 if connectivity == 4 else 2)
    assert np.array_equal(remove_small(mask, area=7, connectivity=connectivity), theirs)


@pytest.mark.parametrize("mask", NOISE)
def test_fill_holes_is_that_of_scipy(mask):
    assert np.array_equal(fill_holes(mask, connectivity=8), ndimage.binary_fill_holes(mask))
    full = ndimage.binary_fill_holes(mask, structure=np.ones((3, 3)))
    assert np.array_equal(fill_holes(mask, connectivity=4), full)
    theirs = morphology.remove_small_holes(mask, max_size=5, connectivity=1)
    border = segmentation.clear_border(~mask) & ~theirs  # scikit-image fills at the border too; a hole is closed
    assert not (fill_holes(mask, area=5) & border).any()


@pytest.mark.parametrize("mask", NOISE)
def test_clear_border_is_that_of_scikit_image(mask):
    assert np.array_equal(clear_border(mask), segmentation.clear_border(label(mask)) > 0)


def test_holes_by_area():
    mask = np.ones((5, 9), bool)
    mask[2, 2] = mask[2, 5:7] = False
    assert fill_holes(mask, area=1).sum() == 43 and fill_holes(mask, area=2).all() and fill_holes(mask).all()


def test_largest_keeps_the_first_of_equals():
    mask = np.array([[1, 0, 1, 1, 0, 1, 1]], bool)
    assert largest(mask).astype(int).tolist() == [[0, 0, 1, 1, 0, 0, 0]]
    assert largest(mask, count=2).sum() == 4 and largest(mask, count=9).sum() == 5
    assert not largest(np.zeros((3, 3), bool)).any()


def test_labels_keep_their_objects_apart_and_get_no_gaps():
    labels = np.array([[5, 5, 9, 9, 9, 0, 2]], np.int32)  # 5 and 9 touch, and stay two
    assert remove_small(labels, area=2).tolist() == [[1, 1, 2, 2, 2, 0, 0]]
    assert largest(labels).tolist() == [[0, 0, 1, 1, 1, 0, 0]]
    inner = np.pad(labels[:, :5], 1)
    inner[0, 1] = 5
    assert clear_border(inner).max() == 1
    assert relabel(labels).tolist() == [[2, 2, 3, 3, 3, 0, 1]]
    assert relabel(np.array([[0, 2**31 - 1]])).tolist() == [[0, 1]]


def test_regions_are_those_of_scikit_image():
    image, labels = blobs()
    ours = regions(labels, image)
    names = ("label", "area", "centroid", "bbox", "equivalent_diameter_area", "major_axis_length")
    names += ("minor_axis_length", "eccentricity", "orientation", "intensity_mean", "intensity_min", "intensity_max")
    theirs = measure.regionprops_table(labels, image, properties=names)
    pairs = {
        "label": "label", "area": "area", "row": "centroid-0", "col": "centroid-1", "row0": "bbox-0",
        "col0": "bbox-1", "row1": "bbox-2", "col1": "bbox-3", "diameter": "equivalent_diameter_area",
        "major": "major_axis_length", "minor": "minor_axis_length", "eccentricity": "eccentricity",
        "orientation": "orientation", "mean": "intensity_mean", "min": "intensity_min", "max": "intensity_max",
    }  # fmt: skip
    assert set(pairs) == set(ours)
    for table in (ours, theirs):  # an axis has no sign: -90 degrees are +90
        table["orientation"] = np.mod(table["orientation"] + 1e-9, np.pi)
    for mine, other in pairs.items():
        assert np.allclose(ours[mine], theirs[other], atol=1e-6), mine


def test_regions_of_nothing_is_an_empty_table():
    table = regions(np.zeros((4, 4), np.int32), np.zeros((4, 4)))
    assert {len(column) for column in table.values()} == {0}


def test_regions_with_gaps_and_a_wrong_image():
    assert regions(np.array([[3, 0, 1000]]))["label"].tolist() == [3, 1000]
    with pytest.raises(ValueError, match="objects and image must have the same height and width"):
        regions(np.eye(3, dtype=int), np.eye(4))


def discs(*circles, shape=(80, 120)):
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    return np.any([np.hypot(rows - r, cols - c) < radius for r, c, radius in circles], axis=0)


@pytest.mark.parametrize(
    ("mask", "count"),
    [
        (discs((40, 40, 20)), 1),
        (discs((40, 40, 20), (40, 72, 20)), 2),
        (discs((40, 30, 14), (40, 54, 14), (40, 78, 14)), 3),
        (discs((40, 40, 24), (40, 70, 9)), 2),
        (discs((40, 40, 20), (40, 46, 20)), 1),  # hardly a waist
        (discs((0, 40, 20), (0, 72, 20)), 2),  # cut by the border
        (np.pad(np.ones((10, 60), bool), 10), 1),  # a bar
        (np.ones((30, 30), bool), 1),
        (np.zeros((30, 30), bool), 0),
        (np.pad(np.eye(40, dtype=bool), 3), 1),
    ],
)
def test_split_finds_as_many_as_there_are(mask, count):
    labels = split(mask)
    assert labels.max() == count and labels.dtype == np.int32
    assert np.array_equal(labels > 0, mask)
    assert np.array_equal(split(mask, neck=0), label(mask))


def test_split_cuts_at_the_waist():
    labels = split(discs((40, 40, 20), (40, 72, 20)))
    assert (labels[:, :54] != 2).all() and (labels[:, 59:] != 1).all()


@pytest.mark.parametrize("mask", NOISE)
def test_split_parts_and_never_joins(mask):
    labels = split(mask)
    whole = label(mask)
    parents = {(a, b) for a, b in zip(labels[mask].tolist(), whole[mask].tolist(), strict=True)}
    assert len(parents) == labels.max()
    assert all(measure.label(labels == number, connectivity=2).max() == 1 for number in range(1, labels.max() + 1))
    first = [np.flatnonzero(labels == number)[0] for number in range(1, labels.max() + 1)]
    assert first == sorted(first)


@pytest.mark.parametrize("function", [label, fill_holes, split, remove_small, largest, clear_border])
@pytest.mark.parametrize("bad", [np.zeros((0, 4), bool), np.zeros((2, 2, 3), bool), np.array([[0.5, 2.0]]), None])
def test_what_is_no_mask_is_refused(function, bad):
    with pytest.raises((ValueError, TypeError), match=r"`(mask|labels)`"):
        function(bad)


def test_senseless_parameters_are_refused():
    mask = np.ones((3, 3), bool)
    for call in (
        lambda: label(mask, connectivity=6),
        lambda: remove_small(mask, area=-1),
        lambda: largest(mask, count=0),
        lambda: split(mask, neck=1.5),
        lambda: fill_holes(mask, area=np.nan),
    ):
        with pytest.raises(ValueError, match="must be"):
            call()
