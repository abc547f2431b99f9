"""From what a network says of each pixel to objects."""

import cv2
import numpy as np

from cvkit.arrays import Classes, Labels, Mask
from cvkit.classic.components import label, relabel
from cvkit.deep.star_objects import OVERLAP, STAR, star_objects

CONTACT_WIDTH = 4  # pixels; what `cvkit.deep.target` draws between touching objects, a disc of radius 2 on either side
CORE = 2  # the code of a pixel of an object that touches no other one there


def keep_apart(cores: Mask, foreground: Mask) -> Mask:
    """Grow the cores of objects back into the foreground, and leave a line of one pixel where two of them meet.

    Parameters
    ----------
    cores : (H, W) bool array
        Each connected component is an object that lacks its contact with others.
    foreground : (H, W) bool array
        What the objects cover, contacts included.

    Returns
    -------
    mask : (H, W) bool array
        Its 8-connected components are the objects.

    Examples
    --------
    >>> cores = np.array([[True, False, False, False, True]])
    >>> keep_apart(cores, np.ones((1, 5), bool)).astype(int)
    array([[1, 1, 0, 1, 1]])
    """
    return parted(grow(cores, foreground))


def parted(grown: Labels) -> Mask:
    """Leave a line of one pixel where two objects meet."""
    values = grown.astype(np.float64)  # morphology takes no int32
    largest = cv2.dilate(values, np.ones((3, 3)))
    return (grown > 0) & (grown == largest)


def grow(cores: Mask, foreground: Mask, numbers: Labels | None = None) -> Labels:
    """Number the cores of objects, and grow them back into the foreground, as far as contacts are wide.

    Parameters
    ----------
    cores, foreground : (H, W) bool array
        As of `keep_apart`.
    numbers : (H, W) int32 array, optional
        Those of the cores, where these are a part of a larger image, in which some may hang together elsewhere.

    Returns
    -------
    labels : (H, W) int32 array
        Each pixel of the foreground belongs to the nearest core.

    Examples
    --------
    >>> grow(np.array([[True, False, False, False, True]]), np.ones((1, 5), bool))
    array([[1, 1, 1, 2, 2]], dtype=int32)
    """
    if not cores.any():
        return np.zeros(cores.shape, np.int32)
    outside = np.ascontiguousarray(~cores).view(np.uint8)
    distance, nearest = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP)
    if numbers is not None:
        known = np.zeros(nearest.max() + 1, np.int32)
        known[nearest[cores]] = numbers[cores]
        nearest = known[nearest]
    return np.where(foreground & (distance <= CONTACT_WIDTH), nearest, 0)


def decide(values: np.ndarray, card: dict, threshold: float | None = None) -> Mask | Labels | Classes:
    """Turn what a network says into the answer that its card names, before the card's last steps.

    Parameters
    ----------
    values : (H, W, K) float32 array
        The probability of each class; a network of stars adds what it says of these.
    card : dict
        Of the model.
    threshold : float, 0..1, optional
        Instead of the card's.

    Returns
    -------
    answer : (H, W) bool, int32 or uint8 array
    """
    count, codes = len(card["classes"]), pixelwise(values, card, threshold)
    if card["answer"] == "classes":
        return codes
    foreground, cores = codes > 0, codes == CORE
    if card["answer"] == "mask":
        return keep_apart(cores, foreground) if card["contact"] else foreground
    parts = relabel(grow(cores, foreground)) if card["contact"] else label(foreground)
    if values.shape[2] == count:
        return parts
    chosen = {"star": card.get("star", STAR), "overlap": card.get("overlap", OVERLAP)}
    return star_objects(values[:, :, count:], parts, **chosen)


def pixelwise(values: np.ndarray, card: dict, threshold: float | None = None) -> Classes:
    """Decide all that can be said of each pixel alone; parameters as of `decide`.

    Returns
    -------
    codes : (H, W) uint8 array
        The class; or 0 for background, 1 for foreground, and 2 for that of it which is no contact with another object.
    """
    threshold = card.get("threshold", 0.5) if threshold is None else threshold
    if card["answer"] == "classes":
        return values[:, :, : len(card["classes"])].argmax(axis=2).astype(np.uint8)
    inside = values[:, :, card["foreground"]].sum(axis=2)
    contact = values[:, :, card["contact"]].sum(axis=2)
    foreground = inside + contact > threshold
    return foreground.astype(np.uint8) + (foreground & (inside > contact))
