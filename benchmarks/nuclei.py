"""Nuclei by thresholds, watersheds and the network, on the test split of the Data Science Bowl images.

    python benchmarks/nuclei.py PATH

PATH is the folder of `examples/train_nuclei.py`. Scikit-image's recipe (distance, peaks, watershed) is the peer.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from common import table, write_results
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.segmentation import watershed

import cvkit
from cvkit.compare.metrics import bootstrap
from cvkit.compare.objects import average_precision

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9)
KINDS = {"fluo": "bright", "HE": "dark", "gray-bright": "dark"}


def recipe(mask: np.ndarray) -> np.ndarray:
    """Split a mask as scikit-image's example of the watershed does."""
    distance = ndimage.distance_transform_edt(mask)
    peaks = peak_local_max(distance, min_distance=5, labels=ndimage.label(mask)[0])
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return watershed(-distance, markers, mask=mask).astype(np.int32)


def methods(foreground: str) -> dict:
    """What is compared, on bright or dark nuclei."""
    otsu = f"gaussian(sigma=1) | otsu(foreground={foreground!r}) | fill_holes | remove_small(area=16)"
    sign = -1 if foreground == "bright" else 1
    return {
        "otsu": f"otsu(foreground={foreground!r})",
        "adaptive_mean": f"adaptive_mean(window=101, offset={sign * 5}, foreground={foreground!r})",
        "sauvola": f"sauvola(window=101, k={sign * 0.2}, foreground={foreground!r})",
        "otsu, cleaned": otsu,
        "otsu, cleaned, scikit-image watershed": [otsu, recipe_step],
        "otsu, cleaned, split": f"{otsu} | split",
        "nuclei": "nuclei",
        "nuclei, split": "nuclei | split",
        "nuclei_stardist": "nuclei_stardist",
        "nuclei_stardist, eight views": [eight_views],
    }


def eight_views(image: cvkit.arrays.Image) -> cvkit.arrays.Labels:
    """The mean of what the network says of an image turned and mirrored."""
    return cvkit.segment(image, "nuclei_stardist", augment=True)


def recipe_step(mask: cvkit.arrays.Mask) -> cvkit.arrays.Labels:
    """The recipe as a step of a pipeline."""
    return recipe(mask)


def named_step(step) -> str:
    """The text of a step, or its name."""
    return step if isinstance(step, str) else step.__name__


def read_pairs(folder: Path, kind: str) -> list:
    """Images and labels of the test split of one kind."""
    with open(folder / "index.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test" and row["kind"].startswith(kind)]
    read, truth = cvkit.read, cvkit.read_truth
    return [(read(folder / "images" / row["file"]), truth(folder / "labels" / row["file"])) for row in rows]


def scores(text, pairs: list) -> list[str]:
    """Average precision at every level, of one method over the images."""
    pipeline = cvkit.Pipeline(text)
    label = cvkit.Pipeline([lambda image: image > 0, "label"])
    found = []
    for image, truth in pairs:
        answer = pipeline(image)
        labels = label(answer.astype(np.uint8)) if answer.dtype == bool else answer
        found.append([average_precision(truth, labels, iou=level) for level in LEVELS])
    return [f"{value:.3f}" for value in np.mean(found, axis=0)]


def main() -> None:
    """Compare on each kind of image."""
    folder, parts = Path(sys.argv[1]), []
    for kind, foreground in KINDS.items():
        pairs, named = read_pairs(folder, kind), methods(foreground)
        found = cvkit.evaluate(named, pairs)
        columns = {name: np.asarray(values) for name, values in found.rows.items()}
        rows = []
        for name, text in named.items():
            mine = columns["method"] == name
            low, high = bootstrap(columns["dice"][mine])
            dice = f"{columns['dice'][mine].mean():.3f} [{low:.3f}, {high:.3f}]"
            low, high = bootstrap(columns["ap50"][mine])
            iou, seconds = columns["iou"][mine].mean(), np.median(columns["seconds"][mine])
            rows.append(
                [name, dice, f"{iou:.3f}", *scores(text, pairs), f"[{low:.3f}, {high:.3f}]", f"{seconds * 1e3:.1f}"]
            )
        head = ["method", "Dice", "IoU", *(f"AP .{round(level * 10)}" for level in LEVELS), "AP .5 interval", "ms"]
        texts = "\n".join(
            f"- {name}: `{text if isinstance(text, str) else ' | '.join(map(named_step, text))}`"
            for name, text in named.items()
        )
        parts += [f"## {kind}: {len(pairs)} images", table(head, rows), texts]
    write_results(
        "nuclei",
        "python benchmarks/nuclei.py PATH",
        ["numpy", "opencv-python", "scikit-image", "onnxruntime"],
        "Means over images, 95 % bootstrap intervals over images; AP = TP / (TP + FP + FN); median milliseconds.",
        *parts,
    )


if __name__ == "__main__":
    main()
