"""Which method is best on this image? Thresholds, pipelines and a network in one table and one picture.

    python examples/compare_methods.py [FOLDER]

Takes a second. The network finds most nuclei; plain Otsu has nearly the same pixels but joins those that touch, and
smoothing, filling and splitting win most of them back.
"""

import sys
from pathlib import Path

import cvkit

DATA = Path(__file__).parent.parent / "data"
METHODS = [
    "otsu",
    "adaptive_mean(window=101, offset=-5)",
    "gaussian(sigma=1) | otsu | fill_holes | remove_small(area=16) | split",
    "nuclei",
    "nuclei | split",
]

if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/compare_methods")
    out.mkdir(parents=True, exist_ok=True)
    image, truth = cvkit.read(DATA / "nuclei.png"), cvkit.read_truth(DATA / "nuclei-truth.png")
    found = cvkit.compare(image, METHODS, truth)
    print(found)
    found.to_csv(out / "scores.csv")
    found.plot().savefig(out / "comparison.png")
    print(f"\nThe scores and the picture are in {out}")
