"""Train the generator that cvkit carries, `fashion`: shirts, trousers and shoes of 32 x 32 pixels.

    python examples/train_fashion.py PATH/TO/fashion_mnist runs/fashion

The folder holds the IDX files of Fashion-MNIST (https://github.com/zalandoresearch/fashion-mnist, MIT) and, as
`classifier.keras`, a small classifier of them that judges what is made. An hour on one core; stopped, it goes on where
it was. Without arguments it trains for seconds on tiles of a photograph, to show that it runs.
"""

import gzip
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
from dcgan import read_idx, tiles

import cvkit
from cvkit.compare.judgement import as_text
from cvkit.deep.generator_card import annotate_generator

ABOUT = {
    "summary": "Clothes of Fashion-MNIST, ten kinds, 32 x 32 pixels of which two at each side are black.",
    "classes": ["T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"],
    "data": "Fashion-MNIST, train split of 60,000 images (MIT). arXiv:1708.07747",
    "licence": "MIT",
}


def read_labels(path: Path) -> np.ndarray:
    """Read the classes of an IDX file, (N,) of 0..9."""
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=8).astype(int)


def figures(model: Path, folder: Path) -> dict:
    """Judge 10,000 images by the features of the classifier: against the test split, real ones of training beside."""
    real, held_back = (read_idx(folder / f"{name}-images-idx3-ubyte.gz")[:10_000] for name in ("t10k", "train"))
    made, classifier = cvkit.generate(model, 10_000, seed=7), keras.models.load_model(folder / "classifier.keras")
    found = cvkit.judge(made, real, classifier, held_back=held_back)
    print(as_text(found))
    measures = {name: values for name, values in found.items() if isinstance(values, dict) and name != "classes"}
    return {of: {name: round(values[of], 4) for name, values in measures.items()} for of in ("generated", "floor")}


if __name__ == "__main__":
    if len(sys.argv) == 3:
        folder, out = map(Path, sys.argv[1:])
        keras.config.set_dtype_policy("mixed_bfloat16")
        images = read_idx(folder / "train-images-idx3-ubyte.gz")
        kinds = read_labels(folder / "train-labels-idx1-ubyte.gz")
        model = cvkit.train_gan("conditional_dcgan", images, out, condition=kinds, seconds=3600, seed=0)
        annotate_generator(model, **ABOUT, figures=figures(model, folder))
    else:
        images = tiles(cvkit.read(Path(__file__).parent.parent / "data" / "coins.png"))
        kinds = (images.mean(axis=(1, 2)) > 100).astype(int)  # dark tiles and bright ones
        how = {"condition": kinds[:320], "epochs": 1}
        model = cvkit.train_gan("conditional_dcgan(width=8)", images[:320], tempfile.mkdtemp(), **how)
    print(f'The generator is in {model}; use it: cvkit generate "{model}" -n 64')
