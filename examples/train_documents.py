"""Train a network to find ink on degraded pages, printed and handwritten.

    python examples/train_documents.py PATH/TO/documents runs/documents

The folder holds `images/`, `ink/` (255 = ink) and `index.csv` (file, year, split): the pages of the contests DIBCO 2009
to 2014, which may not be passed on (www.iit.demokritos.gr/~bgat). It learns from those of 2009 to 2012 and from pages
that cvkit draws; compare it with the method `howe`, which needs no training. Stopped, it goes on where it was. Without
arguments it trains for seconds on drawn pages alone, to show that it runs.
"""

import csv
import sys
import tempfile
from pathlib import Path

import cvkit
from cvkit.datasets import draw_page
from cvkit.deep.card import annotate

NETWORK = "normalize(low=1, high=99) | unet(width=16, depth=4, widest=64)"
DRAWN, EPOCHS = 240, 36
ABOUT = {
    "summary": "Ink on degraded pages, printed and handwritten: a U-Net of 0.5 million weights.",
    "classes": ["paper", "ink"],
    "data": f"DIBCO 2009-2012 (50 pages, www.iit.demokritos.gr/~bgat), and {DRAWN} pages drawn by cvkit.datasets.",
    "licence": "MIT",
}


def read_pages(folder: Path, split: str) -> list:
    """Read the pairs of one split: image, and mask of the ink."""
    with open(folder / "index.csv", newline="") as file:
        names = [row["file"] for row in csv.DictReader(file) if row["split"] == split]
    return [(cvkit.read(folder / "images" / name), cvkit.read_truth(folder / "ink" / name)) for name in names]


def cut(pairs: list, side: int = 512) -> list:
    """Cut pages into pieces, so that a large page is seen as often as its size deserves."""
    return [
        (image[row : row + side, col : col + side], ink[row : row + side, col : col + side])
        for image, ink in pairs
        for row in range(0, max(1, ink.shape[0] - side // 2), side)
        for col in range(0, max(1, ink.shape[1] - side // 2), side)
    ]


def figures(model: Path, folder: Path) -> dict:
    """Measure a model: mean F, in percent, on the validation year and the test year."""
    scores = {}
    for split, year in (("val", 2013), ("test", 2014)):
        found = cvkit.evaluate([str(model)], read_pages(folder, split))
        scores[f"F {year}"] = round(100 * float(found.summary()["dice"][0]), 2)
    return scores


if __name__ == "__main__":
    if len(sys.argv) == 3:
        folder, out = map(Path, sys.argv[1:])
        pairs = cut(read_pages(folder, "train")) + [draw_page(seed) for seed in range(DRAWN)]
        plan = cvkit.Plan(precision="bf16")
        model = cvkit.train(NETWORK, pairs, out, validation=read_pages(folder, "val"), epochs=EPOCHS, seed=1, plan=plan)
        annotate(model, **ABOUT, figures=figures(model, folder))
    else:
        pages = [draw_page(seed, height=96, width=96) for seed in range(4)]
        model = cvkit.train("normalize | unet(width=4, depth=2)", pages, tempfile.mkdtemp(), epochs=1, patch=32)
    print(f'The model is in {model}; use it: cvkit segment PAGE -m "{model}"')
