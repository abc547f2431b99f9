"""Train a model that gives nuclei as labels: stars tell touching ones apart, pixels where their borders are.

    python examples/train_nuclei_stardist.py PATH/TO/nuclei runs/nuclei_stardist

The folder is that of `train_nuclei.py`: Data Science Bowl 2018, BBBC038 (CC0). After the training the probabilities are
calibrated, and threshold, overlap and last steps chosen, on the validation split; the figures are those of the test
split: AP .86 in fluorescence after an hour. The model that cvkit carries, .88, has twice the weights and saw ten times
as much on a GPU, by `benchmarks/long_training.py`. Stopped, it goes on where it was. Without arguments it trains for
seconds on one image.
"""

import sys
import tempfile
from pathlib import Path

from train_nuclei import read_split

import cvkit
from cvkit.compare import objects
from cvkit.deep import annotate, calibrate, tune_model

NETWORK = "normalize(low=1, high=99.8) | stardist(width=16, depth=4, widest=96) | remove_small(area=16)"
IOUS = (0.5, 0.6, 0.7, 0.8, 0.9)
ABOUT = {
    "summary": "Nuclei in fluorescence and stained sections as labels: stars and pixels, 0.8 million weights.",
    "classes": ["background", "nucleus", "contact"],
    "data": "Data Science Bowl 2018 stage 1, BBBC038 (CC0), train split of 532 images. doi:10.1038/s41592-019-0612-7",
    "licence": "MIT",
}


def figures(model: Path, folder: Path, split: str = "test", augment: bool = False) -> dict:
    """Measure a model on a split: mean average precision at five IoUs over the images of each kind."""
    found = {}
    for kind in ("fluo", "HE", "gray-bright"):
        pairs = read_split(folder, split, kind)
        answers = [cvkit.segment(image, model, augment=augment) for image, _ in pairs]
        scores = [
            [objects.average_precision(truth, answer, iou=iou) for iou in IOUS]
            for (_, truth), answer in zip(pairs, answers, strict=True)
        ]
        means = (sum(column) / len(column) for column in zip(*scores, strict=True))
        found[f"{split} {kind}"] = {f"ap{100 * iou:.0f}": round(mean, 4) for iou, mean in zip(IOUS, means, strict=True)}
    return found


if __name__ == "__main__":
    if len(sys.argv) == 3:
        folder, out = map(Path, sys.argv[1:])
        pairs, validation = read_split(folder, "train"), read_split(folder, "val")
        how = {"epochs": 60, "augment": "strong | stain", "seed": 1}
        plan = cvkit.Plan(start="nuclei", rate=1e-3, precision="bf16")  # what tells pixels apart is known already
        model = cvkit.train(NETWORK, pairs, out, validation=validation, plan=plan, **how)
        calibrate(model, validation)
        print(tune_model(model, validation)["tuned"])
        print(annotate(model, **ABOUT, figures=figures(model, folder))["figures"])
    else:
        data = Path(__file__).parent.parent / "data"
        pair = (cvkit.read(data / "nuclei.png"), cvkit.read_truth(data / "nuclei-truth.png"))
        model = cvkit.train("stardist(width=8, depth=2)", [pair], tempfile.mkdtemp(), epochs=1, patch=32)
    print(f'The model is in {model}; use it: cvkit segment IMAGE -m "{model}"')
