"""Average precision of objects, against StarDist's `matching`: the same numbers, and the time.

pip install --no-deps --target FOLDER stardist csbdeep numba llvmlite
PYTHONPATH=FOLDER python benchmarks/objects.py
"""

import statistics
import time
import warnings

import numpy as np
from common import table, write_results

from cvkit.compare.objects import average_precision

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from stardist.matching import matching

IMAGES, ROUNDS, IOUS = 1000, 3, (0.5, 0.7, 0.9)
SIDES, CELLS = (256, 512, 1024), 10  # objects in a row and in a column


def scene(rng: np.random.Generator, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw 100 ellipses, and what a method might have found: some moved, grown, lost or invented."""
    cell = side // CELLS
    truth, found = np.zeros((2, side, side), np.int32)
    rows, cols = np.mgrid[:cell, :cell] - (cell - 1) / 2
    for number in range(CELLS**2):
        top, left = number // CELLS * cell, number % CELLS * cell
        height, width = rng.uniform(0.25, 0.45, 2) * cell
        for labels, lost in ((truth, 0.03), (found, 0.06)):
            move, grow = (rng.normal(0, 0.04 * cell, 2), rng.normal(1, 0.08)) if labels is found else ((0, 0), 1)
            inside = ((rows - move[0]) / height) ** 2 + ((cols - move[1]) / width) ** 2 < grow
            if rng.random() > lost:
                labels[top : top + cell, left : left + cell][inside] = number + 1
    return tuple(np.searchsorted(np.unique(labels), labels).astype(np.int32) for labels in (truth, found))


def ours(truth: np.ndarray, found: np.ndarray) -> float:
    """One threshold."""
    return average_precision(truth, found, iou=0.5)


def theirs(truth: np.ndarray, found: np.ndarray) -> float:
    """One threshold."""
    return matching(truth, found, thresh=0.5).accuracy


def seconds(call, scenes: list) -> float:
    """CPU seconds of all images."""
    began = time.process_time()
    for truth, found in scenes:
        call(truth, found)
    return time.process_time() - began


def measure(side: int) -> list:
    """The medians of rounds in turn, of as many images as fit the patience, scaled to 1,000."""
    rng = np.random.default_rng(side)
    scenes = [scene(rng, side) for _ in range(IMAGES * 256**2 // side**2)]
    for truth, found in scenes[:20]:
        for iou in IOUS:
            assert average_precision(truth, found, iou=iou) == matching(truth, found, thresh=iou).accuracy
    taken = {call: [] for call in (ours, theirs)}
    for _ in range(ROUNDS):
        for call, values in taken.items():
            values.append(seconds(call, scenes) * IMAGES / len(scenes))
    mine, other = (statistics.median(values) for values in taken.values())
    spread = " / ".join(f"{min(values):.2f}..{max(values):.2f}" for values in taken.values())
    return [f"{side} x {side}", len(scenes), f"{mine:.2f}", f"{other:.2f}", f"{other / mine:.1f}", spread]


if __name__ == "__main__":
    head = ["image", "measured", "cvkit s", "StarDist s", "times", "least..most"]
    write_results(
        "objects",
        "python benchmarks/objects.py",
        ["numpy", "stardist", "numba", "scipy"],
        "`average_precision` at IoU .5 and StarDist's `matching`, int32 labels, about 97 objects an image. CPU seconds"
        f" for {IMAGES:,} images, medians of {ROUNDS} rounds in turn; the values of both are equal at IoU "
        f"{', '.join(map(str, IOUS))} on the first 20 images of each size. Numba's compilation is not counted.",
        table(head, [measure(side) for side in SIDES]),
    )
