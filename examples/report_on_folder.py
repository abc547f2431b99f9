"""Which method is best on a folder? A page to send to others, and the two pictures that decide.

    python examples/report_on_folder.py [FOLDER]

Takes some seconds: four methods on the images of `data/` whose truth is known; for a folder of yours the pairs are
`cvkit.datasets.from_folders("images", "truths")`. Three images prove nothing, and the
intervals say so: they overlap. `report.html` shows every image with its errors, and needs neither network nor script.
"""

import sys
from pathlib import Path

import cvkit

DATA = Path(__file__).parent.parent / "data"
METHODS = {
    "Otsu": "otsu(foreground='auto')",
    "Otsu, cleaned": "gaussian(sigma=1) | otsu(foreground='auto') | fill_holes | remove_small(area=30) | split",
    "local": "flatten_background(sigma=50) | median(size=5) | otsu(foreground='auto') | fill_holes | split",
    "network": "nuclei | split",
}

if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/report_on_folder")
    out.mkdir(parents=True, exist_ok=True)
    pairs = [(DATA / f"{name}.png", DATA / f"{name}-truth.png") for name in ("nuclei", "stained", "coins")]
    found = cvkit.evaluate(METHODS, pairs, metrics=["boundary_f"], report=out / "report.html")
    print(found)
    found.plot("scores", score="ap50").savefig(out / "scores.png")
    found.plot("speed").savefig(out / "speed.png")
    found.to_csv(out / "rows.csv")
    print(f"\nThe report is {out / 'report.html'}")
