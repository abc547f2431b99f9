"""Flood a height from markers: the watershed.

S. Beucher, F. Meyer, The morphological approach to segmentation: the watershed transformation, 1993. Every pixel runs
down to a marker or to the bottom of a basin; basins without a marker are filled over their lowest pass, as water does.
"""

import numpy as np

from cvkit.arrays import as_finite, as_gray, as_labels, as_mask, is_mask, one_of, same_shape
from cvkit.classic.components.basins import STEPS, ends, framed, lowest_beside, passes, ways
from cvkit.classic.components.labelling import as_objects, components, label, within_reach
from cvkit.classic.runs import Runs, paint, places


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
    height = within_reach(as_finite(as_gray(height), "a watershed"))
    markers = as_objects(markers)
    markers = label(markers, connectivity=connectivity) if is_mask(markers) else as_labels(markers, "markers")
    same_shape(height, markers, "height and markers")
    mask = np.ones(height.shape, bool) if mask is None else as_mask(mask)
    same_shape(height, mask, "height and mask")
    found, count = components(mask, connectivity)
    least, most = _marks_within(found, count, markers, mask)
    labels = np.zeros(mask.shape, np.int32)
    alone, contested = ((least == most) & (most > 0))[found.label], (least < most)[found.label]
    some = Runs(*(column[alone] for column in found))
    paint(some, most[some.label], labels)
    if contested.any():
        some = Runs(*(column[contested] for column in found))
        flooded = _flooded(framed(height, mask), some, markers, connectivity)
        labels.reshape(-1)[places(some, mask.shape[1])] = flooded
    return labels


def _marks_within(found: Runs, count: int, markers: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least and greatest marker in each component; where they are the same there is nothing to flood."""
    width = mask.shape[1]
    marks = np.flatnonzero(markers)
    marks = marks[mask.reshape(-1)[marks]] if mask.flags.c_contiguous else marks[mask.ravel()[marks]]
    whose = found.label[np.searchsorted(found.row * width + found.start, marks, "right") - 1]
    values = markers.reshape(-1)[marks]
    least, most = np.full(count + 1, np.iinfo(np.int32).max, np.int32), np.zeros(count + 1, np.int32)
    np.minimum.at(least, whose, values)
    np.maximum.at(most, whose, values)
    return np.where(most > 0, least, 0), most


def _flooded(height: np.ndarray, found: Runs, markers: np.ndarray, connectivity: int) -> np.ndarray:
    """The marker that reaches each pixel of the runs; heights are framed, the runs and markers are not."""
    width = height.shape[1]
    pixels = places(found._replace(row=found.row + 1, start=found.start + 1, stop=found.stop + 1), width)
    marks = markers.reshape(-1)[places(found, markers.shape[1])]
    rank = np.full(height.size, -1, np.int32)
    rank[pixels] = np.arange(len(pixels), dtype=np.int32)
    steps = np.array([row * width + col for row, col in STEPS])
    beside = pixels + steps[lowest_beside(height, connectivity).reshape(-1)[pixels]]
    to = rank[beside]
    flat = height.reshape(-1)
    level = flat[pixels] <= flat[beside]  # no neighbour is lower
    marked = np.flatnonzero(marks)
    to[marked] = marked
    level[marked] = False
    _across_plateaus(to, level, flat[pixels], pixels, rank, list(ways(width, connectivity).values()))
    bottoms, basin = ends(to)
    rank[pixels] = basin + 1
    owner = np.concatenate([[0], marks[bottoms]])
    return _filled(owner, *passes(rank.reshape(height.shape), height, connectivity))[basin + 1]


def _across_plateaus(to, level, heights, pixels, rank, steps) -> None:
    """Lead the pixels of a plateau to its nearest exit or marker; `level` tells which are in want of it."""
    front = []
    wanting = np.flatnonzero(level)
    for step in steps:  # the pixels beside an exit come first
        beside = rank[pixels[wanting] + step]
        leads = (beside >= 0) & ~level[beside] & (heights[beside] == heights[wanting])
        to[wanting[leads]] = beside[leads]
        front.append(wanting[leads])
    front = np.unique(np.concatenate(front))
    while len(front):
        level[front] = False
        new = []
        for step in steps:
            beside = rank[pixels[front] + step]
            leads = (beside >= 0) & level[beside] & (heights[beside] == heights[front])
            to[beside[leads]] = front[leads]
            level[beside[leads]] = False
            new.append(beside[leads])
        front = np.concatenate(new)


def _filled(owner: np.ndarray, height: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Join basins without an owner over their lowest passes until all have one; give the owner of each basin.

    O. Boruvka's way to a spanning tree: all choose their lowest pass at the same time, again and again.
    """
    order = np.argsort(height, kind="stable")
    one, other = one[order], other[order]
    group = np.arange(len(owner))
    while True:
        a, b = group[one], group[other]
        open_ = (a != b) & ((owner[a] == 0) | (owner[b] == 0))
        if not open_.any():
            return owner[group]
        one, other, a, b = one[open_], other[open_], a[open_], b[open_]
        lowest = np.full(len(owner), len(a))
        for ends_ in (a, b):
            index = np.full(len(owner), len(a))
            index[ends_[::-1]] = np.arange(len(a))[::-1]  # what is written last is the first, the lowest
            np.minimum(lowest, index, out=lowest)
        chooses = np.flatnonzero((lowest < len(a)) & (owner == 0))
        parent = np.arange(len(owner))
        parent[chooses] = a[lowest[chooses]] + b[lowest[chooses]] - chooses
        mutual = chooses[(parent[parent[chooses]] == chooses) & (chooses < parent[chooses])]
        parent[mutual] = mutual
        while not np.array_equal(parent, further := parent[parent]):
            parent = further
        group = parent[group]
