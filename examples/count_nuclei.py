"""Count nuclei and measure each: a table with one row a nucleus, and a picture of what was counted.

    python examples/count_nuclei.py [FOLDER]

Takes a second; finds 8 whole nuclei, those cut by the border left out.
"""

import sys
from pathlib import Path

import numpy as np

import cvkit
from cvkit.classic.components import regions
from cvkit.compare.paint import overlay

DATA = Path(__file__).parent.parent / "data"

if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/count_nuclei")
    out.mkdir(parents=True, exist_ok=True)
    image = cvkit.read(DATA / "nuclei.png")
    labels = cvkit.segment(image, "nuclei | split | clear_border | remove_small(area=50)")
    table = regions(labels, image)
    cvkit.write(out / "nuclei.csv", table)
    cvkit.write(out / "labels.png", labels)
    cvkit.write(out / "overlay.png", overlay(image, labels))
    print(f"{labels.max()} nuclei, of {np.median(table['area']):.0f} pixels in the median.")
    print(f"The brightest has a mean of {table['mean'].max():.1f}, at row {table['row'][table['mean'].argmax()]:.0f}.")
    print(f"The table and the pictures are in {out}")
