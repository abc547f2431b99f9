"""Where do the thresholds lie? Each on the histogram of the image, and the mask of those that differ most.

    python examples/thresholds_on_histogram.py [FOLDER]

Takes a second. On coins under uneven light there is no valley to find: the global thresholds lie between 81 and 143,
and every one of them loses coins or gains background. Local ones are shown by the span of nine tenths of their surface.
"""

import sys
from pathlib import Path

import numpy as np

import cvkit
from cvkit.classic import threshold
from cvkit.compare.charts import histogram

DATA = Path(__file__).parent.parent / "data"
METHODS = ["triangle", "percentile", "li", "huang", "kittler", "isodata", "otsu", "yen", "kapur", "minimum"]
LOCAL = ["multi_otsu", "sauvola", "adaptive_mean"]

if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/thresholds_on_histogram")
    out.mkdir(parents=True, exist_ok=True)
    image = cvkit.read(DATA / "coins.png")
    found = {method: threshold(image, method) for method in METHODS}
    found = dict(sorted(found.items(), key=lambda item: item[1]))
    local = {method: np.asarray(threshold(image, method)) for method in LOCAL}
    histogram(image, found | local).savefig(out / "histogram.png")
    lowest, *_, highest = found
    cvkit.compare(image, [lowest, "otsu", highest]).plot().savefig(out / "masks.png")
    print(f"{lowest} lies at {found[lowest]:.0f}, Otsu's at {found['otsu']:.0f}, {highest} at {found[highest]:.0f}.")
    print(f"The pictures are in {out}")
