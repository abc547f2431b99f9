"""Run lengths as COCO writes them: of objects column by column, packed into text, all objects of an image in one pass.

T.-Y. Lin et al., Microsoft COCO: common objects in context, ECCV 2014. doi:10.1007/978-3-319-10602-1_48
"""

from collections.abc import Sequence

import cv2
import numpy as np

from cvkit.arrays import MOST, Labels, Mask, as_labels, as_mask, as_shape, is_mask, shorten
from cvkit.classic.runs import Runs, paint, runs
from cvkit.errors import CvkitError, WrongType

BITS = 5  # of a number in each sign; a sixth says that more follow
ZERO = 48  # the sign of nothing, "0"


def encode_rle(objects: Labels | Mask, *, compressed: bool = True) -> list[dict]:
    """Encode each object as a COCO run-length encoding.

    Parameters
    ----------
    objects : (H, W) integer or bool array
        Labels, or one mask, which is one object, empty or not.
    compressed : bool
        Pack the counts into text, as in COCO's results; else give them as a list of numbers.

    Returns
    -------
    rles : list of dict
        One for each object, in the order of their numbers: ``size``, [H, W], and ``counts``: how many pixels are not
        of the object, are, are not ... down the columns. It can be written as JSON, and pycocotools reads it.

    See Also
    --------
    decode_rle : the way back. coco_annotations : with area, box and number, as COCO's files want them.

    Examples
    --------
    >>> encode_rle(np.array([[0, 1], [1, 1]]), compressed=False)
    [{'size': [2, 2], 'counts': [1, 3]}]
    >>> encode_rle(np.array([[0, 1], [2, 1]]))
    [{'size': [2, 2], 'counts': '22'}, {'size': [2, 2], 'counts': '112'}]
    """
    objects = as_mask(objects) if is_mask(objects) else as_labels(objects)
    return _encode(_columns(objects), objects, compressed)


def decode_rle(rles: dict | Sequence[dict]) -> np.ndarray:
    """Draw COCO run-length encodings.

    Parameters
    ----------
    rles : dict or sequence of dict
        As of `encode_rle` or pycocotools: ``size`` and ``counts``, packed (str or bytes) or a list of numbers.

    Returns
    -------
    objects : (H, W) array
        Of one encoding a bool mask; of several int32 labels, numbered in their order, later ones on top.

    Raises
    ------
    ValueError
        If sizes differ, or the counts do not fill the size.

    Examples
    --------
    >>> decode_rle({"size": [2, 2], "counts": "112"})
    array([[False, False],
           [ True, False]])
    """
    if isinstance(rles, dict):
        return _draw([rles]) > 0
    if not isinstance(rles, Sequence) or isinstance(rles, (str, bytes)):
        raise WrongType("rle", "`rles` must be an encoding or a list of them", came=type(rles).__name__)
    if not len(rles):
        raise CvkitError(
            "rle-empty",
            came="`rles` is empty, so that the size of the image is not known",
            remedy="np.zeros((H, W), np.int32) it is",
        )
    return _draw(rles)


def rle_area(rle: dict) -> int:
    """Count the pixels of a COCO run-length encoding without drawing it.

    Examples
    --------
    >>> rle_area({"size": [2, 2], "counts": [1, 3]})
    3
    """
    return int(_read([rle])[0][1::2].sum())


def coco_annotations(labels: Labels, *, image_id: int = 1, category_id: int = 1, first: int = 1) -> list[dict]:
    """Write objects as the annotations of a COCO data set.

    Parameters
    ----------
    labels : (H, W) integer array
    image_id, category_id : int
        Of COCO's lists of images and categories.
    first : int
        ``id`` of the first object; those that follow count up.

    Returns
    -------
    annotations : list of dict
        One for each object, in the order of their numbers: ``id``, ``image_id``, ``category_id``, ``segmentation`` of
        `encode_rle`, ``area`` in pixels, ``bbox`` as COCO has it, [column, row, width, height], ``iscrowd`` 0.

    Examples
    --------
    >>> found = coco_annotations(np.array([[0, 5], [5, 5]]))
    >>> found[0]["area"], found[0]["bbox"], found[0]["segmentation"]["counts"]
    (3, [0, 0, 2, 2], '13')
    """
    labels = as_labels(labels)
    down = _columns(labels)
    rles = _encode(down, labels, True)
    if not rles:
        return []
    begins = np.flatnonzero(np.diff(down.label, prepend=0))
    area = np.add.reduceat(down.length, begins)
    top, left = np.minimum.reduceat(down.start, begins), down.row[begins]
    height = np.maximum.reduceat(down.stop, begins) - top
    width = down.row[np.append(begins[1:], len(down.row)) - 1] + 1 - left
    boxes = np.stack([left, top, width, height], axis=1).tolist()
    common = {"image_id": image_id, "category_id": category_id, "iscrowd": 0}
    return [
        {"id": first + index, "segmentation": rle, "area": size, "bbox": box, **common}
        for index, (rle, size, box) in enumerate(zip(rles, area.tolist(), boxes, strict=True))
    ]


def _columns(objects: np.ndarray) -> Runs:
    """The runs of the columns, object by object; their `row` is the column."""
    if is_mask(objects):
        return runs(cv2.transpose(np.ascontiguousarray(objects).view(np.uint8)).view(bool))
    found = runs(cv2.transpose(np.ascontiguousarray(objects)))
    order = np.argsort(found.label, kind="stable")
    return Runs(*(column.take(order) for column in found))


def _encode(down: Runs, objects: np.ndarray, compressed: bool) -> list[dict]:
    size = list(objects.shape)
    if len(down.row) == 0:  # no labels are no object, but an empty mask is one of no pixels
        counts, ends = np.full(int(is_mask(objects)), objects.size), [1] * is_mask(objects)
    else:
        counts, ends = _counts(down, *objects.shape)
    if compressed:
        text, ends = _pack(counts, ends)
        pieces = [text[start:stop] for start, stop in zip([0, *ends], ends, strict=False)]
    else:
        pieces = [counts[start:stop].tolist() for start, stop in zip([0, *ends], ends, strict=False)]
    return [{"size": list(size), "counts": piece} for piece in pieces]


def _counts(down: Runs, height: int, width: int) -> tuple[np.ndarray, list[int]]:
    """The counts of all objects one after the other, and where those of each end."""
    start, stop = down.row * height + down.start, down.row * height + down.stop
    new = np.flatnonzero(np.diff(down.label, prepend=0))
    joined = start[1:] == stop[:-1]  # from the foot of a column to the head of the next
    joined[new[1:] - 1] = False
    first, last = np.flatnonzero(np.append(True, ~joined)), np.flatnonzero(np.append(~joined, True))
    new = np.searchsorted(first, new)
    start, stop = start[first], stop[last]
    before = np.append(0, stop[:-1])
    before[new] = 0
    tail = height * width - stop[np.append(new[1:], len(stop)) - 1]  # what follows the last pixel of an object
    ends = 2 * np.append(new[1:], len(stop)) + np.cumsum(tail > 0)
    counts = np.empty(ends[-1], np.int64)
    counts[ends[tail > 0] - 1] = tail[tail > 0]
    place = 2 * np.arange(len(start)) + np.repeat(np.cumsum(tail > 0) - (tail > 0), np.diff(new, append=len(start)))
    counts[place], counts[place + 1] = start - before, stop - start
    return counts, ends.tolist()


def _pack(counts: np.ndarray, ends: list[int]) -> tuple[str, list[int]]:
    """Counts as text: from the fourth on as differences to the last but one, five bits a sign, the lowest first."""
    values = counts.copy()
    values[3:] -= counts[1:-2]
    for position in range(3):  # the first three of every object stand for themselves
        fresh = np.append(0, ends[:-1]).astype(np.int64) + position
        fresh = fresh[fresh < ends] if len(ends) else fresh[:0]
        values[fresh] = counts[fresh]
    signs = np.ones(len(values), np.int64)
    for digit in range(1, 13):
        limit = 1 << (BITS * digit - 1)
        longer = (values < -limit) | (values >= limit)
        if not longer.any():
            break
        signs += longer
    stops = np.cumsum(signs)
    text = np.empty(stops[-1] if len(stops) else 0, np.uint8)
    for digit in range(int(signs.max(initial=0))):
        chosen = np.flatnonzero(signs > digit)
        more = (signs[chosen] > digit + 1) * 32
        text[stops[chosen] - signs[chosen] + digit] = ((values[chosen] >> BITS * digit) & 31) + more + ZERO
    return text.tobytes().decode("ascii"), stops[np.array(ends, int) - 1].tolist() if ends else []


def _read(rles: Sequence[dict]) -> tuple[np.ndarray, np.ndarray]:
    """The counts of all encodings one after the other, and how many each has."""
    parts = [_size_and_counts(rle)[1] for rle in rles]
    if all(isinstance(part, (str, bytes)) for part in parts):
        texts = [part if isinstance(part, bytes) else part.encode("ascii", "replace") for part in parts]
        return _unpack(b"".join(texts), np.array([len(text) for text in texts]))
    if len(parts) == 1:
        return _whole(parts[0]), np.array([len(parts[0])])
    each = [_read([rle])[0] for rle in rles]
    return np.concatenate(each), np.array([len(counts) for counts in each])


def _size_and_counts(rle: dict) -> tuple[tuple[int, int], str | bytes | Sequence]:
    """What an encoding holds, if it is one."""
    if not isinstance(rle, dict) or "size" not in rle or "counts" not in rle:
        raise CvkitError("rle", "an encoding must be a dict of `size` and `counts`", came=shorten(rle))
    counts = rle["counts"]
    if not isinstance(counts, (str, bytes, Sequence, np.ndarray)) or not len(counts):
        raise CvkitError("rle", "`counts` must be a text or a list of whole numbers", came=shorten(counts))
    size = rle["size"]
    return as_shape(size.tolist() if isinstance(size, np.ndarray) else size), counts


def _whole(counts: Sequence) -> np.ndarray:
    counts = np.asarray(counts)
    if counts.dtype.kind not in "ui" or counts.ndim != 1 or counts.max() > MOST:
        raise CvkitError("rle", "`counts` must be a text or a list of whole numbers", came=shorten(counts.tolist()))
    return counts.astype(np.int64)


def _unpack(text: bytes, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Undo `_pack` for texts that stand one after the other."""
    signs = np.frombuffer(text, np.uint8).astype(np.int64) - ZERO
    last = np.flatnonzero((signs & 32) == 0)
    stops = np.cumsum(lengths)
    if ((signs < 0) | (signs > 63)).any() or (lengths == 0).any() or not np.isin(stops - 1, last).all():
        raise CvkitError(
            "rle-text",
            came="`counts` is no text of COCO's run lengths: it holds other signs, or is cut off",
            remedy="read the file anew",
        )
    first = np.append(0, last[:-1] + 1)
    digit = np.arange(len(signs)) - np.repeat(first, last - first + 1)
    values = np.add.reduceat((signs & 31) << BITS * digit, first)
    values -= np.where(signs[last] & 16, 1 << BITS * (last - first + 1), 0)
    each = np.diff(np.searchsorted(last, stops - 1) + 1, prepend=0)
    begin = np.repeat(np.cumsum(each) - each, each)
    position = np.arange(len(values)) - begin
    for parity in (1, 2):  # differences to the last but one add up along every second number
        chain = np.flatnonzero((position >= parity) & (position % 2 == parity % 2))
        total = np.cumsum(values[chain])
        head = position[chain] == parity
        offset = total[head] - values[chain][head]
        values[chain] = total - np.repeat(offset, np.diff(np.flatnonzero(head), append=len(chain)))
    return values, each


def _draw(rles: Sequence[dict]) -> np.ndarray:
    sizes = {_size_and_counts(rle)[0] for rle in rles}
    if len(sizes) != 1:
        raise CvkitError(
            "rle-size",
            "all encodings must have one size",
            came=f"{', '.join(map(str, sorted(sizes)))}",
            remedy="decode those of each image by themselves",
        )
    height, width = sizes.pop()
    counts, each = _read(rles)
    begin = np.cumsum(each) - each
    total = np.add.reduceat(counts, begin)
    if ((counts < 0) | (counts > height * width)).any() or (total != height * width).any():
        raise CvkitError(
            "rle-counts",
            f"the counts must fill {height} x {width} = {height * width} pixels",
            came=f"{total.tolist()[:5]}",
            remedy="check `size`, which is (height, width)",
        )
    stop = np.cumsum(counts) - np.repeat(np.arange(len(rles)) * height * width, each)
    inside = np.flatnonzero((np.arange(len(counts)) - np.repeat(begin, each)) % 2)
    number = np.repeat(np.arange(1, len(rles) + 1, dtype=np.int32), each)[inside]
    found = Runs(np.zeros(len(inside), int), stop[inside] - counts[inside], stop[inside], number)
    turned = paint(found, number, np.zeros((1, height * width), np.int32))
    return cv2.transpose(turned.reshape(width, height))
