"""Arrays in, RGB pixels out: what plots, reports and pages show. No drawing library is needed.

The colours are those of Okabe and Ito, which colour-blind people can tell apart; hit, missed, false alarm and
background differ in brightness too.
"""

import numpy as np

from cvkit.arrays import VOID, Classes, Image, Labels, Mask, as_image, as_labels, as_mask, is_mask, kind_of, same_shape

BACKGROUND, MISSED, FALSE_ALARM, HIT = (0, 0, 0), (0, 114, 178), (230, 159, 0), (255, 255, 255)
GREY = (128, 128, 128)
MEANING = {"hit": HIT, "missed": MISSED, "false alarm": FALSE_ALARM, "background": BACKGROUND}
PIXELS = 1000  # of the longer side of a picture; larger images are thinned out
PALETTE = np.array(
    [(230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (213, 94, 0), (204, 121, 167), (0, 114, 178)],
    np.uint8,
)
TINT = 0.35  # how much of an object's colour lies over the image


def errors(truth: Mask | Labels, prediction: Mask | Labels) -> np.ndarray:
    """Colour each pixel by whether it is right.

    Parameters
    ----------
    truth, prediction : (H, W) bool or integer array
        All above 0 is foreground.

    Returns
    -------
    colours : (H, W, 3) uint8 array
        White = hit, blue #0072B2 = missed, orange #E69F00 = false alarm, black = background in both.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> errors(np.array([[True, True]]), np.array([[True, False]]))
    array([[[255, 255, 255],
            [  0, 114, 178]]], dtype=uint8)
    """
    truth, prediction = _as_objects(truth, "truth"), _as_objects(prediction, "prediction")
    same_shape(truth, prediction, "truth and prediction")
    colours = np.array([BACKGROUND, FALSE_ALARM, MISSED, HIT], np.uint8)
    return colours[2 * (truth > 0) + (prediction > 0)]


def overlay(image: Image, objects: Mask | Labels) -> np.ndarray:
    """Outline and tint objects on an image.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
        Shown as by `as_rgb`.
    objects : (H, W) bool or int32 array
        A mask has one colour; labels take turns in seven.

    Returns
    -------
    picture : (H, W, 3) uint8 array

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> overlay(np.zeros((1, 3), np.uint8), np.array([[False, True, False]]))[0, 1]
    array([230, 159,   0], dtype=uint8)
    """
    picture, objects = as_rgb(image), _as_objects(objects)
    same_shape(picture, objects, "image and objects")
    inside = objects > 0
    colours = object_colours(objects)
    picture[inside] = np.rint((1 - TINT) * picture[inside] + TINT * colours[inside]).astype(np.uint8)
    edge = outlines(objects)
    picture[edge] = colours[edge]
    return picture


def as_rgb(image: Image) -> np.ndarray:
    """Make an image visible: RGB of 8 bits as it is, all else stretched between its darkest and brightest 0.1 %.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
        Grey or RGB; NaN is shown black.

    Returns
    -------
    picture : (H, W, 3) uint8 array
        For the eye only: the unit is lost.

    Examples
    --------
    >>> as_rgb(np.array([[1000, 2000]], np.uint16))[0, :, 0]
    array([  0, 255], dtype=uint8)
    """
    image = as_image(image)
    if image.ndim == 3 and image.dtype == np.uint8:
        return image.copy()
    values = image.astype(np.float64)
    known = values[~np.isnan(values)]
    low, high = np.quantile(known, [0.001, 0.999]) if known.size else (0, 0)
    if low == high:  # no contrast to stretch, or so little of it that the tails hold it all
        low, high = (known.min(), known.max()) if known.size else (0, 0)
    grey = np.nan_to_num(np.clip((values - low) / ((high - low) or 1), 0, 1) * 255)
    grey = np.rint(grey).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2) if grey.ndim == 2 else grey


def object_colours(objects: Mask | Labels) -> np.ndarray:
    """Give each object a colour, and the background and the lines between touching objects black."""
    objects = _as_objects(objects)
    index = (objects.astype(np.int64) - 1) % len(PALETTE)
    colours = np.where((objects > 0)[:, :, None], PALETTE[index], np.uint8(0))
    colours[seams(objects)] = BACKGROUND  # two neighbours may have got the same colour
    return colours


def class_colours(classes: Classes) -> np.ndarray:
    """Give each class a colour: 0 black, the others those of objects, again darker from the eighth on, void grey."""
    classes = as_labels(classes, "classes")
    ring = classes.astype(np.int64) - 1
    shade = 1 / (1 + 0.6 * (ring // len(PALETTE)))
    colours = np.rint(PALETTE[ring % len(PALETTE)] * shade[:, :, None]).astype(np.uint8)
    colours[classes == 0] = BACKGROUND
    colours[classes == VOID] = GREY
    return colours


def outlines(objects: Mask | Labels) -> np.ndarray:
    """The pixels of objects that have another object, or the background, beside them.

    Examples
    --------
    >>> outlines(np.array([[1, 1, 1, 2, 2, 2]]))
    array([[False, False,  True,  True, False, False]])
    """
    objects = _as_objects(objects)
    padded = np.pad(objects.astype(np.uint8) if is_mask(objects) else objects, 1, mode="edge")
    here = padded[1:-1, 1:-1]
    beside = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    return (here > 0) & np.logical_or.reduce([here != other for other in beside])


def seams(objects: Mask | Labels) -> np.ndarray:
    """The pixels where two objects touch, on one side of the line."""
    objects = _as_objects(objects)
    seam = np.zeros(objects.shape, bool)
    for here, beside, line in (
        (objects[:-1], objects[1:], seam[:-1]),
        (objects[:, :-1], objects[:, 1:], seam[:, :-1]),
    ):
        line |= (here != beside) & (here > 0) & (beside > 0)
    return seam


def thin(array: np.ndarray) -> np.ndarray:
    """Leave out rows and columns that no panel could show."""
    step = -(-max(array.shape[:2]) // PIXELS)
    return array[::step, ::step]


def alone(answer: np.ndarray) -> np.ndarray:
    """A mask white on black, labels and classes in colours."""
    kind = kind_of(answer)
    if kind == "mask":
        return errors(answer, answer)
    return class_colours(answer) if kind == "classes" else object_colours(answer)


def on_image(image: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    return class_colours(prediction) if kind_of(prediction) == "classes" else overlay(image, prediction)


def judged(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """The errors; but classes against classes are shown as they are, to be compared with the truth beside them."""
    void = truth < 0  # in labels
    if kind_of(truth) == "classes":
        if kind_of(prediction) == "classes":
            return class_colours(prediction)
        truth, void = truth == 1, truth == VOID
    elif kind_of(prediction) == "classes":
        prediction = prediction == 1
    picture = errors(truth, prediction)
    if not is_mask(prediction):
        picture[seams(prediction)] = GREY
    picture[void] = GREY
    return picture


def shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    """Make a picture smaller, so that its longer side has at most so many pixels: each the mean of a block.

    Examples
    --------
    >>> shrunk(np.array([[[0], [100], [50]]], np.uint8), 2)[0, :, 0]
    array([50, 50], dtype=uint8)
    """
    step = -(-max(picture.shape[:2]) // side)
    rows, cols = (np.arange(0, length, step) for length in picture.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(picture.astype(np.float32), rows, axis=0), cols, axis=1)
    counts = np.diff([*rows, picture.shape[0]])[:, None] * np.diff([*cols, picture.shape[1]])
    return np.rint(sums / counts[..., None]).astype(np.uint8)


def _as_objects(objects: Mask | Labels, name: str = "objects") -> np.ndarray:
    return as_mask(objects, name) if is_mask(objects) else as_labels(objects, name, void=True)
