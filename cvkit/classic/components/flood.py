"""Flood a height from markers: the watershed.

S. Beucher, F. Meyer, The morphological approach to segmentation: the watershed transformation, 1993. Every pixel runs
down to a marker or to the bottom of a basin; basins without a marker are filled over their lowest pass, as water does.
"""

import numpy as np

from cvkit.arrays import as_finite, as_gray, as_labels, as_mask, is_mask, one_of, same_shape
from cvkit.classic.components.basins import LEVEL, ends, framed, lowest_beside, offsets, passes, ways
from cvkit.classic.components.labelling import as_objects, components, label
from cvkit.classic.runs import Runs, paint, places
from cvkit.reach import reach


@reach("water may run through the whole image")
def watershed(
    height: np.ndarray, markers: np.ndarray, mask: np.ndarray | None = None, *, connectivity: int = 8
) -> np.ndarray:
    """Flood a height from markers until the floods meet.

    Parameters
    ----------
    height : (H, W) or (H, W, 3) array
        Any real dtype; low values are flooded first: a gradient, or the negative of a distance.
    markers : (H, W) integer or bool array
        Labels, 0 where there is no marker; or a mask, whose components are the markers.
    mask : (H, W) array, optional
        What may be flooded; all by default. Markers outside of it do not count.
    connectivity : {8, 4}
        Whether a flood passes corners.

    Returns
    -------
    labels : (H, W) int32 array
        The number of the marker whose flood reached the pixel; 0 outside of the mask, and where no flood came.

    Raises
    ------
    ValueError
        If the shapes differ or the height holds NaN.

    Examples
    --------
    >>> watershed(np.array([[0, 1, 5, 2, 0]]), np.array([[7, 0, 0, 0, 3]]))
    array([[7, 7, 7, 3, 3]], dtype=int32)
    """
    one_of(connectivity, "connectivity", (4, 8))
    height = as_finite(as_gray(height), "a watershed")
    markers = as_objects(markers)
    markers = label(markers, connectivity=connectivity) if is_mask(markers) else as_labels(markers, "markers")
    same_shape(height, markers, "height and markers")
    mask = np.ones(height.shape, bool) if mask is None else as_mask(mask)
    same_shape(height, mask, "height and mask")
    found, count = components(mask, connectivity)
    width = mask.shape[1]
    marks = np.flatnonzero((markers != 0) & mask)
    values = markers.reshape(-1)[marks]
    runs_of_marks = np.searchsorted(found.row * width + found.start, marks, "right") - 1
    least, most = _marks_within(found, count, runs_of_marks, values)
    labels = np.zeros(mask.shape, np.int32)
    alone = ((least == most) & (most > 0))[found.label]
    paint(_some(found, alone), most[found.label[alone]], labels)
    contested = (least < most)[found.label]
    if contested.any():
        some, within = _some(found, contested), contested[runs_of_marks]
        pixels = places(some._replace(row=some.row + 1, start=some.start + 1, stop=some.stop + 1), width + 2)
        marked = (marks // width + 1) * (width + 2) + marks % width + 1
        flooded = _flooded(framed(height, mask), pixels, marked[within], values[within], connectivity)
        labels.reshape(-1)[places(some, width)] = flooded
    return labels


def _some(found: Runs, chosen: np.ndarray) -> Runs:
    return Runs(*(column[chosen] for column in found))


def _marks_within(found: Runs, count: int, marks: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least and greatest marker in each component, 0 if none; where they are the same there is nothing to flood."""
    whose = found.label[marks]
    least, most = np.full(count + 1, np.iinfo(np.int32).max, np.int32), np.zeros(count + 1, np.int32)
    np.minimum.at(least, whose, values)
    np.maximum.at(most, whose, values)
    return np.where(most > 0, least, 0), most


def _flooded(height: np.ndarray, pixels: np.ndarray, marked: np.ndarray, values: np.ndarray, connectivity: int):
    """The marker that reaches each of the pixels, flat places as the marked ones are; heights are framed."""
    rank = np.full(height.size, -1, np.int32)
    rank[pixels] = np.arange(len(pixels), dtype=np.int32)
    codes = np.take(lowest_beside(height, connectivity), pixels)
    to = np.take(offsets(height.shape[1]), codes)
    to += pixels
    to = np.take(rank, to).astype(np.int64)
    marked = rank[marked]
    level = codes >= LEVEL
    to[marked] = marked
    level[marked] = False
    steps = list(ways(height.shape[1], connectivity).values())
    _across_plateaus(to, level, height.reshape(-1), pixels, rank, steps)
    bottoms, basin = ends(to)
    owner = np.zeros(len(pixels), np.int32)
    owner[marked] = values
    owner = np.concatenate([[0], owner[bottoms]])
    rank[pixels] = basin + 1
    return _filled(owner, *passes(rank.reshape(height.shape), height, connectivity))[basin + 1]


def _across_plateaus(
    to: np.ndarray, level: np.ndarray, height: np.ndarray, pixels: np.ndarray, rank: np.ndarray, steps: list[int]
) -> None:
    """Lead the pixels of a plateau to its nearest exit or marker; `level` tells which are in want of it."""
    front, wanting = [], np.flatnonzero(level)
    for step in steps:  # the pixels beside an exit come first
        places_ = pixels[wanting]
        beside = rank[places_ + step]
        leads = (beside >= 0) & ~level[beside] & (height[places_ + step] == height[places_])
        to[wanting[leads]] = beside[leads]
        front.append(wanting[leads])
    front = np.unique(np.concatenate(front))
    while len(front):
        level[front] = False
        new = []
        for step in steps:
            places_ = pixels[front]
            beside = rank[places_ + step]
            leads = (beside >= 0) & level[beside] & (height[places_ + step] == height[places_])
            to[beside[leads]] = front[leads]
            level[beside[leads]] = False
            new.append(beside[leads])
        front = np.concatenate(new)


def _filled(owner: np.ndarray, height: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Join basins without an owner over their lowest passes until all have one; give the owner of each basin.

    O. Boruvka's way to a spanning tree: all choose their lowest pass at the same time, again and again.
    """
    useful = np.flatnonzero((owner[one] == 0) | (owner[other] == 0))
    order = useful[np.argsort(height[useful], kind="stable")]
    one, other = one[order], other[order]
    group = np.arange(len(owner))
    while True:
        a, b = group[one], group[other]
        open_ = (a != b) & ((owner[a] == 0) | (owner[b] == 0))
        if not open_.any():
            return owner[group]
        one, other, a, b = one[open_], other[open_], a[open_], b[open_]
        lowest = np.full(len(owner), len(a))
        for side in (a, b):
            first = np.full(len(owner), len(a))
            first[side[::-1]] = np.arange(len(a))[::-1]  # what is written last is the first, the lowest
            np.minimum(lowest, first, out=lowest)
        chooses = np.flatnonzero((lowest < len(a)) & (owner == 0))
        parent = np.arange(len(owner))
        parent[chooses] = a[lowest[chooses]] + b[lowest[chooses]] - chooses
        mutual = chooses[(parent[parent[chooses]] == chooses) & (chooses < parent[chooses])]
        parent[mutual] = mutual
        while not np.array_equal(parent, further := parent[parent]):
            parent = further
        group = parent[group]
