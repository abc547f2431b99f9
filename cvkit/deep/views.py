"""Test-time augmentation: a network sees an image in eight ways, turned and mirrored, and each answer is put back."""

from collections.abc import Callable, Iterator

import numpy as np

VIEWS = 8


def views(run: Callable[[np.ndarray], np.ndarray], image: np.ndarray, classes: int) -> Iterator[np.ndarray]:
    """Run a network over the eight views of an image; give what it says as if it had looked at the image itself.

    Parameters
    ----------
    run : function
        float32 (H, W, C) to float32 (H, W, K).
    image : (H, W, C) float32 array
    classes : int
        So many of the K are said of a pixel alone; the next is, too, and those behind it are distances along rays,
        which turn with the image.

    Yields
    ------
    values : (H, W, K) float32 array
    """
    height, width = image.shape[:2]
    # Sides are made odd, so that the pixels of every second row and column fall upon each other when mirrored.
    image = np.pad(image, [(0, 1 - height % 2), (0, 1 - width % 2), (0, 0)], mode="edge")
    for mirrored in (False, True):
        for turns in range(4):
            seen = np.rot90(image[:, ::-1] if mirrored else image, turns)
            values = np.rot90(run(np.ascontiguousarray(seen)), -turns)
            values = values[:, ::-1] if mirrored else values
            order = _order(values.shape[2], classes, turns, mirrored)
            yield values[:height, :width] if order is None else values[:height, :width, order]


def _order(channels: int, classes: int, turns: int, mirrored: bool) -> np.ndarray | None:
    """The channel of a view that tells of each channel of the image itself."""
    rays = channels - classes - 1
    if rays <= 0:
        return None
    ray = np.arange(rays)
    ray = (rays // 2 - ray if mirrored else ray) - turns * rays // 4
    return np.concatenate([np.arange(classes + 1), classes + 1 + ray % rays])
