"""Morphology, skeletons and hulls against slow twins, scipy, scikit-image and OpenCV."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from scipy import ndimage
from skimage import measure
from skimage import morphology as theirs

from cvkit.classic.components import (
    closing,
    convex_hull,
    dilation,
    erosion,
    label,
    morphology,
    opening,
    reconstruct,
    skeleton,
)

MASKS = [
    np.kron(np.random.default_rng(seed).random((37, 29 + 20 * seed)) < share, np.ones((1 + seed, 2), bool))
    for seed, share in enumerate((0.05, 0.3, 0.6, 0.9, 0.5))
]
CODES = {dilation: cv2.MORPH_DILATE, erosion: cv2.MORPH_ERODE, opening: cv2.MORPH_OPEN, closing: cv2.MORPH_CLOSE}
any_mask = nps.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 70)))


def kernel(radius, shape):
    return theirs.disk(radius) if shape == "disk" else np.ones((2 * radius + 1,) * 2, np.uint8)


@pytest.mark.parametrize("bits", [True, False])
@pytest.mark.parametrize("shape", ["disk", "square"])
@pytest.mark.parametrize("radius", [1, 2, 3, 5, 8, 21, 100])
def test_morphology_is_that_of_opencv(radius, shape, bits, monkeypatch):
    monkeypatch.setattr(morphology, "KERNEL", {"disk": 0, "square": 0} if bits else {"disk": 999, "square": 999})
    monkeypatch.setattr(morphology, "STRIP", 16)
    for mask in MASKS:
        for function, code in CODES.items():
            expected = cv2.morphologyEx(mask.view(np.uint8), code, kernel(radius, shape)).view(bool)
            assert np.array_equal(function(mask, radius=radius, shape=shape), expected)


@pytest.mark.parametrize("radius", [1, 4])
def test_morphology_is_that_of_scikit_image_and_scipy(radius):
    disk = theirs.disk(radius).astype(bool)
    for mask in MASKS:
        assert np.array_equal(opening(mask, radius=radius), theirs.opening(mask, disk))
        assert np.array_equal(closing(mask, radius=radius), theirs.closing(mask, disk))
        assert np.array_equal(dilation(mask, radius=radius), ndimage.binary_dilation(mask, disk))
        assert np.array_equal(erosion(mask, radius=radius), ndimage.binary_erosion(mask, disk, border_value=1))


@given(any_mask, st.integers(0, 70), st.sampled_from(["disk", "square"]))
@settings(deadline=None, max_examples=100)
def test_what_holds_for_any_mask(mask, radius, shape):
    opened, closed = (function(mask, radius=radius, shape=shape) for function in (opening, closing))
    assert not (opened & ~mask).any() and not (mask & ~closed).any()
    assert np.array_equal(opening(opened, radius=radius, shape=shape), opened)
    assert np.array_equal(closing(~mask, radius=radius, shape=shape), ~opened)
    assert np.array_equal(erosion(~mask, radius=radius, shape=shape), ~dilation(mask, radius=radius, shape=shape))


def test_strided_masks_and_numbers():
    mask = np.repeat(MASKS[2], 2, axis=1)[:, ::2]
    for radius in (2, 6):
        assert np.array_equal(opening(mask, radius=radius), opening(MASKS[2], radius=radius))
        assert np.array_equal(opening(mask * np.uint8(255), radius=radius), opening(mask, radius=radius))
    assert np.array_equal(skeleton(mask), skeleton(MASKS[2]))


@given(any_mask, any_mask, st.sampled_from([4, 8]))
@settings(deadline=None, max_examples=100)
def test_reconstruction_is_repeated_dilation(marker, mask, connectivity):
    height, width = min(len(marker), len(mask)), min(marker.shape[1], mask.shape[1])
    marker, mask = marker[:height, :width], mask[:height, :width]
    around = np.ones((3, 3)) if connectivity == 8 else None
    expected = ndimage.binary_propagation(marker & mask, around, mask=mask)
    assert np.array_equal(reconstruct(marker, mask, connectivity=connectivity), expected)


def zhang_suen(mask):
    """The algorithm as it is published, on whole arrays."""
    mask = np.pad(mask, 1).astype(int)
    changed = True
    while changed:
        changed = False
        for half in (0, 1):
            steps = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]
            p = [np.roll(mask, (-row, -col), (0, 1)) for row, col in steps]
            count, turns = sum(p), sum((p[i] == 0) & (p[(i + 1) % 8] == 1) for i in range(8))
            n, e, s, w = p[::2]
            sides = (n * e * s == 0) & (e * s * w == 0) if half == 0 else (n * e * w == 0) & (n * s * w == 0)
            gone = (mask == 1) & (count >= 2) & (count <= 6) & (turns == 1) & sides
            changed |= bool(gone.any())
            mask = mask * ~gone
    return mask[1:-1, 1:-1].astype(bool)


@pytest.mark.parametrize("mask", MASKS)
def test_skeleton_is_that_of_scikit_image_and_as_published(mask):
    assert np.array_equal(skeleton(mask), theirs.skeletonize(mask))
    assert np.array_equal(skeleton(mask, compat="opencv"), zhang_suen(mask))


@given(any_mask)
@settings(deadline=None, max_examples=150)
def test_skeleton_of_any_mask(mask):
    thin = skeleton(mask)
    assert np.array_equal(thin, theirs.skeletonize(mask))
    assert np.array_equal(skeleton(mask, compat="opencv"), zhang_suen(mask))
    assert label(thin).max() == label(mask).max() and measure.euler_number(thin, 2) == measure.euler_number(mask, 2)


def test_skeleton_of_every_neighbourhood_and_of_many_words(monkeypatch):
    codes = np.arange(512)[:, None] >> np.arange(9) & 1
    tiles = np.pad(codes.reshape(16, 32, 3, 3).astype(bool), ((0, 0), (0, 0), (1, 1), (1, 1)))
    mask = tiles.transpose(0, 2, 1, 3).reshape(80, 160)
    assert np.array_equal(skeleton(mask), theirs.skeletonize(mask))
    monkeypatch.setitem(skeleton.__globals__, "CHUNK", 7)
    wide = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((150, 260)), 3) > 0
    assert np.array_equal(skeleton(wide), theirs.skeletonize(wide))


@pytest.mark.parametrize("connectivity", [4, 8])
def test_hulls_are_those_of_scikit_image(connectivity):
    for mask in [*MASKS[:2], np.eye(9, dtype=bool), MASKS[0][:, :3], np.ones((1, 1), bool)]:
        assert np.array_equal(convex_hull(mask, each=False), theirs.convex_hull_image(mask))
        expected = np.zeros_like(mask)
        numbers = label(mask, connectivity=connectivity)
        for region in measure.regionprops(numbers):
            expected[region.slice] |= region.image_convex
        assert np.array_equal(convex_hull(mask, connectivity=connectivity), expected)


def test_hulls_of_labels_keep_what_is_theirs():
    labels = np.zeros((12, 12), np.int32)
    labels[1, 1] = labels[10, 1] = labels[10, 10] = 7
    labels[8, 2] = labels[8, 6] = labels[2, 6] = 3
    hull = convex_hull(labels)
    assert (hull[labels > 0] == labels[labels > 0]).all() and set(np.unique(hull)) == {0, 3, 7}
    assert hull[8, 4] == 3 and hull[9, 3] == 7
    assert convex_hull(labels, each=False).max() == 1
    assert not convex_hull(np.zeros((3, 3), bool)).any() and not convex_hull(np.zeros((3, 3), bool), each=False).any()


def test_senseless_parameters_are_refused():
    mask = np.ones((3, 3), bool)
    for call in (
        lambda: opening(mask, radius=-1),
        lambda: opening(mask, radius=1.5),
        lambda: closing(mask, shape="star"),
        lambda: skeleton(mask, compat="doxa"),
        lambda: reconstruct(mask, mask, connectivity=6),
        lambda: reconstruct(mask, mask[:2]),
        lambda: convex_hull(mask, connectivity=5),
    ):
        with pytest.raises(ValueError, match="must"):
            call()
