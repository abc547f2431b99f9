"""Part touching objects where they are narrow: watershed of the distance to the background, basins merged by neck.

S. Beucher, C. Lantuejoul, Use of watersheds in contour detection, CCETT/IRISA workshop, Rennes, 1979. Which basins
belong together is decided by the ratio of the neck between them to their own width, so that no size has to be known.
"""

import cv2
import numpy as np

from cvkit.arrays import Labels, Mask, as_finite, as_gray, as_mask, number, one_of, same_shape
from cvkit.classic.components.basins import BOTTOM, ends, framed, lowest_beside, lowest_passes, offsets, passes
from cvkit.classic.components.flood import watershed
from cvkit.classic.components.labelling import components
from cvkit.classic.runs import Runs, paint, places
from cvkit.errors import CvkitError


def split(
    mask: Mask,
    image: np.ndarray | None = None,
    *,
    neck: float = 0.85,
    depth: float | None = None,
    markers: np.ndarray | None = None,
    connectivity: int = 8,
) -> Labels:
    """Label a mask and part objects that touch.

    Every pixel climbs the distance to the background to a summit; the pixels of a summit are a basin. Two basins
    are one object if the highest pass between them is at least `neck` of the lower summit.

    Parameters
    ----------
    mask : (H, W) array
    image : (H, W) or (H, W, 3) array, optional
        Climb its values, in grey, rather than the distance: objects are parted where they are dark between bright
        centres (``-image`` for the opposite). Smooth it first. It needs `depth` or `markers`.
    neck : float, 0..1
        Objects are parted where they are narrower than this share of the smaller one's width. 0 parts nothing;
        towards 1 ever slighter waists are cut. Not used if there is `depth`, `markers` or `image`.
    depth : float, optional
        Part by depth instead: basins are one object if the way between them descends less than this from the lower
        summit, in pixels of distance or in the unit of `image`. What remains are the h-maxima of that height.
    markers : (H, W) array, optional
        Labels, or a mask whose components are the marks: flood from them alone, as `watershed` does. Then the objects
        have the markers' numbers without gaps, and components of the mask without a marker follow as one object each.
    connectivity : {8, 4}
        Of the mask.

    Returns
    -------
    labels : (H, W) int32 array
        Numbered in the order in which rows meet them, unless there are markers.

    Examples
    --------
    >>> rows, cols = np.mgrid[:21, :36]
    >>> two = (np.hypot(rows - 10, cols - 10) < 9) | (np.hypot(rows - 10, cols - 25) < 9)
    >>> split(two).max(), split(two, neck=0).max(), split(two, depth=2).max()
    (np.int32(2), np.int32(1), np.int32(2))
    """
    number(neck, "neck", 0, 1)
    one_of(connectivity, "connectivity", (4, 8))
    if depth is not None:
        number(depth, "depth", low=0)
    mask = as_mask(mask)
    if image is None:
        height = _distance(mask)
    else:
        if depth is None and markers is None:
            raise CvkitError(
                "parameter-missing",
                came="to part objects by an image, say by what `depth` in its unit, or give `markers`",
                remedy="such as depth=10",
            )
        height = as_finite(as_gray(image), "a watershed")
        same_shape(mask, height, "mask and image")
        height = height.astype(np.float64) if height.dtype.kind in "ui" else height
    if markers is not None:
        return _completed(watershed(-height, markers, mask, connectivity=connectivity), mask, connectivity)
    return _parted(mask, -height, connectivity, neck=neck if depth is None else None, depth=depth)


def _distance(mask: np.ndarray) -> np.ndarray:
    """The distance to the background. A light blur takes away the summits that the pixel grid makes."""
    # Eight columns more, which are no background: OpenCV takes twice as long where rows are a power of two apart.
    padded = cv2.copyMakeBorder(np.ascontiguousarray(mask).view(np.uint8), 0, 0, 0, 8, cv2.BORDER_CONSTANT, value=1)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Its last digit depends on where in the image an object lies. The squares are whole, so it can be set right.
    np.multiply(distance, distance, out=distance)
    np.sqrt(np.rint(distance, out=distance), out=distance)
    return cv2.GaussianBlur(distance[:, :-8], (0, 0), 1.0)


def _completed(labels: np.ndarray, mask: np.ndarray, connectivity: int) -> np.ndarray:
    """Numbers without gaps, components that no marker has reached as further objects."""
    found, count = components(mask, connectivity)
    first = labels.reshape(-1)[found.row * mask.shape[1] + found.start]
    present = np.unique(labels[labels > 0])
    lone = np.unique(found.label[first == 0])
    number = np.zeros(count + 1, np.int32)
    number[lone] = np.arange(1, len(lone) + 1) + len(present)
    labels = np.searchsorted(present, labels).astype(np.int32) + (labels > 0)
    rest = Runs(*(column[first == 0] for column in found))
    return paint(rest, number[rest.label], labels.astype(np.int32))


def _parted(mask: np.ndarray, height: np.ndarray, connectivity: int, **rule) -> np.ndarray:
    """The components of a mask, those with several summits parted by a rule; heights are negative: water runs up."""
    found, count = components(mask, connectivity)
    labels = np.zeros(mask.shape, np.int32)
    if count == 0:
        return labels
    height = framed(height, mask)
    width = height.shape[1]
    inner = found._replace(row=found.row + 1, start=found.start + 1, stop=found.stop + 1)
    codes = lowest_beside(height, connectivity).reshape(-1)
    summits = np.flatnonzero((codes == BOTTOM) & (height.reshape(-1) < np.inf))
    whose = found.label[np.searchsorted(inner.row * width + inner.start, summits, "right") - 1]
    several = (np.bincount(whose, minlength=count + 1) > 1)[found.label]
    pixels = places(Runs(*(column[several] for column in inner)), width)
    parts = _parts(height, codes, pixels, connectivity, **rule)
    return _numbered(found, several, parts, labels)


def _parts(height: np.ndarray, codes: np.ndarray, pixels: np.ndarray, connectivity: int, **rule) -> np.ndarray:
    """The number, from 0, of the part in which each of the pixels lies."""
    rank = np.zeros(height.size, np.int32)
    rank[pixels] = np.arange(len(pixels), dtype=np.int32)
    upper = np.take(offsets(height.shape[1]), np.take(codes, pixels))
    upper += pixels
    bottoms, basin = ends(np.take(rank, upper).astype(np.int64))
    rank[pixels] = basin + 1  # from here on it is the image of basins
    level, one, other = passes(rank.reshape(height.shape), height, connectivity)
    tops = -height.reshape(-1)[pixels[bottoms]].astype(np.float64)
    return _merged(tops, -level.astype(np.float64), one - 1, other - 1, **rule)[basin]


def _merged(tops: np.ndarray, level: np.ndarray, one: np.ndarray, other: np.ndarray, *, neck, depth) -> np.ndarray:
    """For each summit the one that it belongs to, passes being crossed from the highest to the lowest."""
    lower = np.minimum(tops[one], tops[other])
    # The summits of two objects only become higher as they grow: what is too narrow or deep at first remains so.
    able = level >= neck * lower if depth is None else lower - level < depth
    level, one, other = lowest_passes(-level[able], one[able], other[able])
    height, parents = tops.tolist(), list(range(len(tops)))

    def root(place):
        while parents[place] != place:
            parents[place] = place = parents[parents[place]]
        return place

    for high, a, b in zip((-level).tolist(), one.tolist(), other.tolist(), strict=True):
        low, top = sorted((root(a), root(b)), key=lambda place: (height[place], place))
        if low != top and (high >= neck * height[low] if depth is None else height[low] - high < depth):
            parents[low] = top
    return np.array([root(place) for place in range(len(parents))], np.int64)


def _numbered(found: Runs, several: np.ndarray, parts: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Paint components with one summit and parts of the others, numbered in the order in which rows meet them."""
    width = labels.shape[1]
    whole = Runs(*(column[~several] for column in found))
    split_ = places(Runs(*(column[several] for column in found)), width)
    none = labels.size
    first_whole = np.full(int(found.label.max()) + 1, none)
    first_whole[whole.label[::-1]] = (whole.row * width + whole.start)[::-1]  # what is written last is the first place
    first_part = np.full(int(parts.max(initial=-1)) + 1, none)
    first_part[parts[::-1]] = split_[::-1]
    first = np.concatenate([first_whole, first_part])
    number = np.zeros(len(first), np.int32)
    present = np.flatnonzero(first < none)
    number[present[np.argsort(first[present])]] = np.arange(1, len(present) + 1)
    paint(whole, number[whole.label], labels)
    labels.reshape(-1)[split_] = number[len(first_whole) :][parts]
    return labels
