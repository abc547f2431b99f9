"""Train the model `nuclei` that cvkit carries: nuclei in fluorescence and stained images.

    python examples/train_nuclei.py PATH/TO/nuclei runs/nuclei

The folder holds `images/`, `labels/` (16-bit PNG, one number a nucleus) and `index.csv` (file, split, kind): the
Data Science Bowl 2018 images, BBBC038, https://bbbc.broadinstitute.org/BBBC038 (CC0). About an hour on two cores.
Without arguments it trains for seconds on the images in `data/`, to show that it runs.
"""

import csv
import sys
import tempfile
from pathlib import Path

import cvkit

NETWORK = "normalize(low=1, high=99.8) | unet(width=16, depth=4, widest=96) | remove_small(area=16)"


def read_split(folder: Path, split: str) -> list:
    """Read the pairs of one split: image, and labels as int32."""
    with open(folder / "index.csv", newline="") as file:
        names = [row["file"] for row in csv.DictReader(file) if row["split"] == split]
    return [(cvkit.read(folder / "images" / name), cvkit.read_truth(folder / "labels" / name)) for name in names]


if __name__ == "__main__":
    if len(sys.argv) == 3:
        folder, out = map(Path, sys.argv[1:])
        pairs, validation = read_split(folder, "train"), read_split(folder, "val")
        model = cvkit.train(NETWORK, pairs, out, validation=validation, epochs=80, seed=1)
    else:
        data = Path(__file__).parent.parent / "data"
        pair = (cvkit.read(data / "nuclei.png"), cvkit.read_truth(data / "nuclei-truth.png"))
        model = cvkit.train(NETWORK, [pair], tempfile.mkdtemp(), epochs=1, patch=32)
    print(f"The model is in {model}; use it: cvkit segment IMAGE -m {model}")
