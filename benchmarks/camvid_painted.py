"""Streets painted after class maps: does a network that has learnt from photographs find the classes in them?

    python benchmarks/camvid_painted.py DATA RUNS [--seconds 900]

DATA is the folder of `examples/train_camvid.py`; images are taken at half their size. A segmenter is trained on the
train split; painters, whose discriminator is a network that segments or one that judges patches, are trained on the
same pairs for so many seconds each. All paint the maps of the validation split, which no painter saw. Stopped, it goes
on. Writes a page and a picture.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}

import cv2
import numpy as np
from common import HERE, table, write_results

sys.path.insert(0, str(HERE.parent / "examples"))

from train_camvid import CLASSES

import cvkit
from cvkit.arrays import VOID
from cvkit.deep.synthesis import train_painter

NETWORK = "normalize(low=0, high=100) | unet(width=16, depth=4)"
SIDE, EPOCHS, SHOWN = 128, 15, 4
PAINTERS = {
    "regions": "pix2pix(judge='unet(width=8, depth=3)', distance=1.0, batch=8)",
    "patches": "pix2pix(distance=1.0, batch=8)",
}


def half(data: Path, split: str) -> list:
    """The pairs of a split at half their size, classes by the nearest pixel."""
    found = cvkit.datasets.from_folders(data / split / "images", data / split / "labels", kind="classes")
    return [
        (cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.ascontiguousarray(truth[::2, ::2]))
        for image, truth in found
    ]


def paint(painter: Path, pairs: list) -> list:
    """The maps of pairs, painted."""
    return [
        (cvkit.generate(painter, 1, condition=truth, seed=place)[0], truth) for place, (_, truth) in enumerate(pairs)
    ]


def picture(rows: list, truths: list) -> np.ndarray:
    """Maps, and below them real and painted images."""
    colours = np.random.default_rng(3).integers(40, 256, (256, 3)).astype(np.uint8)
    colours[VOID] = 0
    maps = [colours[truth] for truth in truths]
    return np.vstack([np.hstack(row) for row in [maps, *rows]])


def main() -> None:
    """Train what is missing, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--seconds", type=float, default=900)
    given = parser.parse_args()
    train, validation = half(given.data, "train"), half(given.data, "val")
    how = {"epochs": EPOCHS, "augment": "light", "validation": validation[::4], "seed": 1}
    segmenter = cvkit.train(NETWORK, train, given.runs / "segmenter", plan=cvkit.Plan(precision="bf16"), **how)
    judged = [pair for place, pair in enumerate(validation) if place % 4]  # the others chose the segmenter's epoch
    sets = {"photographs": judged}
    for name, text in PAINTERS.items():
        painter = train_painter(train, given.runs / name, gan=text, side=SIDE, seconds=given.seconds)
        sets[name] = paint(painter, judged)
    lines, each, real = [], {}, None
    for name, pairs in sets.items():
        found = cvkit.evaluate({"segmenter": str(segmenter)}, pairs)
        each[name] = found.class_scores("segmenter")["iou"]
        mean, counts = float(np.nanmean(each[name])), found.confusions["segmenter"]
        real = real or mean
        lines.append([name, f"{mean:.3f}", f"{mean / real:.2f}", f"{np.trace(counts) / counts.sum():.3f}"])
    shown = np.linspace(0, len(judged) - 1, SHOWN).astype(int).tolist()
    rows = [[pairs[place][0] for place in shown] for pairs in sets.values()]
    cvkit.write(HERE / "results" / "camvid_painted.png", picture(rows, [judged[place][1] for place in shown]))
    classes = [[name, *(f"{scores[place]:.3f}" for scores in each.values())] for place, name in enumerate(CLASSES)]
    write_results(
        "camvid_painted",
        "python benchmarks/camvid_painted.py DATA RUNS",
        ["numpy", "opencv-python", "keras", "tensorflow", "onnxruntime"],
        f"Maps of the validation split, {len(judged)} of 240 x 180, as photographed and as painted by"
        f" generators that saw the train split alone, {given.seconds:.0f} s of one core each; segmented by"
        f" `{NETWORK}`, which learnt from photographs alone. IoU over the pixels of all images together. "
        + "; ".join(f"{name}: `{text}`" for name, text in PAINTERS.items()),
        table(["images", "mean IoU", "ratio", "right pixels"], lines),
        table(["IoU", *each], classes),
        "![Maps, photographs, and what was painted](camvid_painted.png)",
    )


if __name__ == "__main__":
    main()
