"""Train a network to find ink on degraded pages, printed and handwritten.

    python examples/train_documents.py PATH/TO/documents runs/documents

The folder holds `images/`, `ink/` (255 = ink) and `index.csv` (file, year, split): the pages of the contests DIBCO 2009
to 2014, which may not be passed on (www.iit.demokritos.gr/~bgat). It learns from those of 2009 to 2012 and from drawn
pages. The method `howe`, which needs no training, draws better borders than a small network: its answer is shown to the
network, which learns where to believe it: F 94.9 on 2013, 97.4 on 2014. The model that cvkit carries saw
ten times as much, and has 96.0 and 97.7: `benchmarks/long_training.py`. Without arguments it trains for seconds.
"""

import csv
import sys
import tempfile
from pathlib import Path

import cvkit
from cvkit.datasets import draw_page
from cvkit.deep.card import annotate

EVEN = "gray | flatten_background(by='ratio') | normalize(low=1, high=99)"
NETWORK = f"{EVEN} | hint(first='howe', second='otsu', foreground='dark') | unet(width=16, depth=4, widest=64)"
AUGMENT = (  # turned and scaled seldom: the borders of thin strokes are most of what is to be learnt
    "flip(vertical=True) | rotate(degrees=10, p=0.3) | scale(factor=1.3, p=0.5) | gamma | contrast | tint | brightness"
    " | blur(p=0.1) | noise(p=0.2)"
)
DRAWN, SIDE, EPOCHS = 60, 640, (90, 100)
ABOUT = {
    "summary": "Ink on degraded pages, print and handwriting: a U-Net of 0.5 million weights that knows Howe's answer.",
    "classes": ["paper", "ink"],
    "data": f"DIBCO 2009-2012 (50 pages, www.iit.demokritos.gr/~bgat), and {DRAWN} pages drawn by cvkit.datasets.",
    "licence": "MIT",
}


def read_pages(folder: Path, split: str) -> list:
    """Read the pairs of one split: image, and mask of the ink."""
    with open(folder / "index.csv", newline="") as file:
        names = [row["file"] for row in csv.DictReader(file) if row["split"] == split]
    return [(cvkit.read(folder / "images" / name), cvkit.read_truth(folder / "ink" / name)) for name in names]


def figures(model: Path, folder: Path) -> dict:
    """Measure a model: means over the pages of the validation year and of the test year; F is Dice's coefficient."""
    scores, names = {}, ("dice", "precision", "recall")
    for split, year in (("val", 2013), ("test", 2014)):
        summary = cvkit.evaluate([str(model)], read_pages(folder, split)).summary()
        scores[f"{split} {year}"] = {name: round(float(summary[name][0]), 4) for name in names}
    return scores


if __name__ == "__main__":
    if len(sys.argv) == 3:
        folder, out = map(Path, sys.argv[1:])
        pages = read_pages(folder, "train")
        how = {"validation": read_pages(folder, "val"), "augment": AUGMENT, "seed": 1}
        drawn = [draw_page(seed, height=SIDE, width=SIDE) for seed in range(DRAWN)]
        plan = cvkit.Plan(precision="bf16")
        first = cvkit.train(NETWORK, pages + drawn, out / "first", epochs=EPOCHS[0], plan=plan, **how)
        plan = cvkit.Plan(precision="bf16", start=first, rate=1e-3)  # where ink ends is learnt from real pages alone
        model = cvkit.train(NETWORK, pages, out / "second", epochs=EPOCHS[1], plan=plan, **how)
        annotate(model, **ABOUT, figures=figures(model, folder))
    else:
        pages = [draw_page(seed, height=96, width=96) for seed in range(4)]
        model = cvkit.train("normalize | unet(width=4, depth=2)", pages, tempfile.mkdtemp(), epochs=1, patch=32)
    print(f'The model is in {model}; use it: cvkit segment PAGE -m "{model}"')
