"""Components against arrays solved by hand, scipy and scikit-image."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import filters, measure, morphology, segmentation

from cvkit.classic import segment
from cvkit.classic.components import (
    clear_border,
    convex_hull,
    expand,
    fill_holes,
    hysteresis,
    keep_if,
    label,
    largest,
    polygons,
    reconstruct,
    regions,
    relabel,
    remove_large,
    remove_small,
    split,
    watershed,
)  # fmt: skip
from cvkit.classic.runs import paint, runs
from cvkit.errors import CvkitError

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
    for wide in (
        [[0, 2**40, 7]],
        np.array([[0, 2**63 + 5, 2**63]], np.uint64),
        np.array([[0, 2**32 - 1, 3]], np.uint32),
    ):
        answer = relabel(wide)
        assert answer.dtype == np.int32 and answer.tolist() == [[0, 2, 1]]
    assert relabel([[2**50, 2**40]]).tolist() == [[2, 1]]
    for negative in ([[0, -1]], [[-5, 2**40]]):
        with pytest.raises(
            CvkitError, match=r"must hold 0 for what is no object, and positive .*np.maximum\(labels, 0\)"
        ):
            relabel(negative)


# Our columns and scikit-image's of the same meaning.
COLUMNS = {
    "label": "label", "area": "area", "row": "centroid-0", "col": "centroid-1", "row0": "bbox-0", "col0": "bbox-1",
    "row1": "bbox-2", "col1": "bbox-3", "diameter": "equivalent_diameter_area", "major": "axis_major_length",
    "minor": "axis_minor_length", "eccentricity": "eccentricity", "orientation": "orientation", "extent": "extent",
    "perimeter": "perimeter", "euler_number": "euler_number", "convex_area": "area_convex", "solidity": "solidity",
    "mean": "intensity_mean", "min": "intensity_min", "max": "intensity_max", "std": "intensity_std",
}  # fmt: skip


def shapes(seed):
    """Noise of several grains, in which there are holes, corners that touch and single pixels."""
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.standard_normal((70, 83)), (0, 1, 2, 4)[seed % 4])
    return noise > np.quantile(noise, 0.6)


@pytest.mark.parametrize("seed", range(8))
def test_regions_are_those_of_scikit_image(seed):
    image = np.random.default_rng(seed).integers(0, 200, (70, 83)).astype(np.uint8)
    labels = label(shapes(seed))
    ours = regions(labels, image, columns="all")
    names = {name.partition("-")[0] for name in COLUMNS.values()}
    theirs = measure.regionprops_table(labels, image, properties=names)
    assert set(COLUMNS) == set(ours) - {"circularity", "total"}
    for table in (ours, theirs):  # an axis has no sign: -90 degrees are +90
        table["orientation"] = np.mod(table["orientation"] + 1e-9, np.pi)
    for mine, other in COLUMNS.items():
        assert np.allclose(ours[mine], theirs[other], rtol=1e-10, atol=1e-10 if mine != "orientation" else 1e-6), mine
    assert np.allclose(ours["total"], ours["mean"] * ours["area"])
    known = ours["perimeter"] > 0
    round_ = 4 * np.pi * ours["area"][known] / ours["perimeter"][known] ** 2
    assert np.allclose(ours["circularity"][known], round_)
    assert np.isinf(ours["circularity"][~known]).all()
    for name in ours:
        assert np.array_equal(regions(labels, image, columns=name)[name], regions(labels, image, columns="all")[name])


def test_columns_are_chosen_by_name():
    labels = np.array([[1, 1, 0, 2]])
    assert list(regions(labels, columns=["area", "label"])) == ["area", "label"]
    with pytest.raises(ValueError, match="no column is called 'aera'; did you mean 'area'"):
        regions(labels, columns="aera")
    with pytest.raises(ValueError, match="the column 'mean' needs an image"):
        regions(labels, columns="mean")
    four = regions(np.eye(3, dtype=bool), connectivity=4)
    assert four["area"].tolist() == [1, 1, 1] and regions(np.eye(3, dtype=bool))["area"].tolist() == [3]


def test_regions_of_nothing_is_an_empty_table():
    table = regions(np.zeros((4, 4), np.int32), np.zeros((4, 4)))
    assert {len(column) for column in table.values()} == {0}


def test_regions_with_gaps_and_a_wrong_image():
    assert regions(np.array([[3, 0, 1000]]))["label"].tolist() == [3, 1000]
    with pytest.raises(ValueError, match="objects and image must have the same height and width"):
        regions(np.eye(3, dtype=int), np.eye(4))


@pytest.mark.parametrize("mask", NOISE)
def test_remove_large_is_what_remove_small_keeps(mask):
    for connectivity in (4, 8):
        small = remove_large(mask, area=6, connectivity=connectivity)
        assert np.array_equal(small | remove_small(mask, area=7, connectivity=connectivity), mask)
        assert not (small & remove_small(mask, area=7, connectivity=connectivity)).any()


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("seed", range(4))
def test_hysteresis_is_that_of_scikit_image(seed, connectivity):
    rng = np.random.default_rng(seed)
    low = rng.random((50, 61)) < 0.5
    high = low & (rng.random(low.shape) < 0.02)
    whole = label(low, connectivity=connectivity)
    assert np.array_equal(
        hysteresis(low, high, connectivity=connectivity), np.isin(whole, np.unique(whole[high])) & low
    )
    image = rng.integers(0, 256, (50, 61)).astype(np.uint8)
    theirs = filters.apply_hysteresis_threshold(image, 99.5, 220.5)  # it is 4-connected
    assert np.array_equal(segment(image, "hysteresis", low=99, high=220, connectivity=4), theirs)


def test_dark_hysteresis_is_that_of_the_negative():
    image = np.random.default_rng(0).integers(0, 256, (40, 40)).astype(np.uint8)
    dark = segment(image, "hysteresis", foreground="dark", low=40, high=120)
    assert np.array_equal(dark, segment(255 - image, "hysteresis", low=255 - 121, high=255 - 41))
    with pytest.raises(ValueError, match="`low` must be at most `high`, got 9 and 3"):
        segment(image, "hysteresis", low=9, high=3)


def test_more_objects_than_16_bits_count():
    mask = np.zeros((600, 600), bool)
    mask[::2, ::2] = True
    assert label(mask).max() == 90_000 == len(regions(mask)["area"])
    assert not remove_small(mask, area=2).any() and remove_large(mask, area=1).sum() == 90_000
    assert hysteresis(mask, mask & (np.arange(600) < 300)).sum() == 45_000
    assert largest(mask, count=70_000).sum() == 70_000 and clear_border(mask).sum() == 299 * 299


def test_what_arrays_come_as():
    mask = shapes(2)
    labels = label(mask)
    assert np.array_equal(label(mask.astype(np.uint8) * 255), labels)
    for same in (np.repeat(mask, 2, axis=1)[:, ::2], np.asfortranarray(mask), mask.tolist()):
        for function in (label, fill_holes, remove_small, largest, clear_border, split):
            assert np.array_equal(function(same), function(mask))
    frozen = labels.copy()
    frozen.setflags(write=False)
    for same in (frozen, labels.astype(">i4"), labels.astype(np.uint16), labels[:, ::1].tolist()):
        for function in (remove_small, largest, clear_border, expand, relabel):
            assert np.array_equal(function(same), function(labels))


def test_keep_if_keeps_what_the_condition_says():
    labels, image = label(shapes(3)), np.random.default_rng(0).integers(0, 200, (70, 83))
    table = regions(labels, image, columns="all")
    for condition, holds in (
        ("area > 30", table["area"] > 30),
        (
            "area > 30 and solidity > .8 or mean < 90",
            (table["area"] > 30) & (table["solidity"] > 0.8) | (table["mean"] < 90),
        ),
        ("not 10 <= area < 50", ~((table["area"] >= 10) & (table["area"] < 50))),
        ("perimeter ** 2 / (4 * 3.14159 * area) < 2", table["perimeter"] ** 2 / (4 * 3.14159 * table["area"]) < 2),
        ("-row + 3 * col != 0", -table["row"] + 3 * table["col"] != 0),
    ):
        kept = np.isin(labels, table["label"][holds])
        assert np.array_equal(keep_if(labels, image, condition=condition) > 0, kept)
        assert np.array_equal(keep_if(labels > 0, image, condition=condition), kept)


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("aera > 3", "no column is called 'aera'; did you mean 'area'"),
        ("mean > 3", "the column 'mean' needs an image"),
        ("area", "'area' is no condition"),
        ("area >", "cannot read the condition"),
        ("__import__('os').system('false')", "is no condition"),
        ("area > len(x)", r"'len\(x\)' is neither a column nor a number"),
        ("area > (lambda: 3)()", "is neither a column nor a number"),
        ("area.real > 3", "'area.real' is neither a column nor a number"),
        ("area > True", "'True' is neither a column nor a number"),
        ("area > 1" + " and area > 1" * 40, "at most 300 characters"),
        (3, "`condition` must be a text"),
    ],
)
def test_conditions_that_are_none_are_refused(condition, says):
    with pytest.raises(ValueError, match=says):
        keep_if(np.eye(4, dtype=bool), condition=condition)


def slow_expand(labels, distance):
    """The distance of every pixel to the nearest object, and which objects are as near."""
    places = np.argwhere(labels > 0)
    rows, cols = np.mgrid[: labels.shape[0], : labels.shape[1]]
    squared = (rows[..., None] - places[:, 0]) ** 2 + (cols[..., None] - places[:, 1]) ** 2
    nearest = squared.min(axis=2)
    return nearest <= distance**2, squared == nearest[..., None], labels[tuple(places.T)]


@pytest.mark.parametrize("distance", [0, 1, 1.5, 4, 9.3, 40])
@pytest.mark.parametrize("seed", range(5))
def test_expand_gives_every_pixel_to_a_nearest_object(seed, distance):
    rng = np.random.default_rng(seed)
    labels = np.zeros((33, 41), np.int32)
    for number in range(1, 7):
        labels[rng.integers(33), rng.integers(41)] = number
    ours = expand(labels, distance=distance)
    near, nearest, numbers = slow_expand(labels, distance)
    assert np.array_equal(ours > 0, near)
    assert (nearest & (numbers == ours[..., None])).any(axis=2)[near].all()
    assert np.array_equal(ours > 0, segmentation.expand_labels(labels, distance) > 0)


def test_watershed_agrees_with_scikit_image():
    mask = shapes(3) | discs((40, 40, 14), (40, 62, 14), shape=(70, 83))
    distance = ndimage.distance_transform_edt(mask)
    markers = label((ndimage.maximum_filter(distance, 7) == distance) & mask)
    ours = watershed(-distance, markers, mask)
    theirs = segmentation.watershed(-distance, markers, mask=mask, connectivity=2)
    assert (ours == theirs)[mask].mean() > 0.97 and not ours[~mask].any()
    assert np.array_equal(ours[markers > 0], markers[markers > 0])
    steps = np.array([[0, 1, 2, 9, 2, 1, 0]])
    assert watershed(steps, np.array([[1, 0, 0, 0, 0, 0, 2]])).tolist() in (
        [[1, 1, 1, 1, 2, 2, 2]],
        [[1, 1, 1, 2, 2, 2, 2]],
    )
    with pytest.raises(ValueError, match="height and markers must have the same height and width"):
        watershed(steps, np.ones((2, 2), int))


def test_split_by_depth_and_by_markers():
    two = discs((40, 40, 20), (40, 66, 20))
    assert split(two, depth=1).max() == 2 and split(two, depth=15).max() == 1
    marks = np.zeros(two.shape, np.int32)
    marks[40, 40], marks[40, 66] = 5, 9
    labels = split(two, markers=marks)
    assert labels[40, 40] == 1 and labels[40, 66] == 2 and np.array_equal(labels > 0, two)
    bright = np.where(two, 10.0, 0)
    bright[40, 40] = bright[40, 66] = 30
    assert split(two, ndimage.gaussian_filter(bright, 3), depth=0.1).max() == 2
    with pytest.raises(ValueError, match="say by what `depth`"):
        split(two, bright)


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


def test_runs_are_painted_alike_however_long_they_are(monkeypatch):
    labels = label(shapes(2))
    found = runs(labels)
    for module in ({"LONG": 0}, {"LONG": 1e9}, {"LONG": 1e9, "PIECE": 50}):
        for name, value in module.items():
            monkeypatch.setattr(f"cvkit.classic.runs.{name}", value)
        assert np.array_equal(paint(found, found.label, np.zeros_like(labels)), labels)
        assert np.array_equal(paint(found, True, np.zeros(labels.shape, bool)), labels > 0)
        assert not paint(runs(labels * 0), True, np.zeros(labels.shape, bool)).any()


def test_more_pixels_than_can_be_numbered_are_refused():
    mask = np.broadcast_to(np.zeros(1, bool), (1 << 16, 1 << 15))  # which takes no memory
    for function in (
        label,
        fill_holes,
        remove_small,
        largest,
        clear_border,
        split,
        regions,
        expand,
        polygons,
        convex_hull,
    ):
        with pytest.raises(ValueError, match="at most 2,147,483,647 values, got 2,147,483,648; cut it into tiles"):
            function(mask)
    for function in (hysteresis, reconstruct):
        with pytest.raises(ValueError, match="cut it into tiles"):
            function(mask, mask)


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
