"""What it takes to run the model `nuclei` on one image of 256 x 256, on one thread: engines and precisions in turn.

python benchmarks/engines.py PATH    the folder of the nuclei, with index.csv; needs openvino and ai-edge-litert
"""

import csv
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}

import numpy as np
from common import table, write_results

import cvkit
from cvkit import registry
from cvkit.compare.metrics import dice
from cvkit.deep import read_card
from cvkit.deep.engines import choose
from cvkit.deep.predict import load_model, probabilities
from cvkit.deep.quiet import import_keras

ROUNDS = 15
SIDE = 256
RUNS = [("onnxruntime", "f32"), ("openvino", "f32"), ("opencv", "f32"), ("openvino", "bf16")]
RUNS += [("onnxruntime", "int8"), ("litert", "int8")]


def pairs(folder: Path, split: str, step: int) -> list:
    """Every `step`-th image of a split, with its labels."""
    with open(folder / "index.csv", newline="") as file:
        names = [row["file"] for row in csv.DictReader(file) if row["split"] == split][::step]
    return [(cvkit.read(folder / "images" / name), cvkit.read_truth(folder / "labels" / name)) for name in names]


def of_keras(model: Path) -> dict:
    """The network in Keras, two ways."""
    import tensorflow

    from cvkit.deep.convert import load_network

    network = load_network(model)
    compiled = tensorflow.function(lambda images: network(images, training=False))
    return {
        "Keras predict": lambda images: network.predict(images, verbose=0),
        "Keras, tf.function": lambda images: compiled(images).numpy(),
    }


def main() -> None:
    """Quantize a copy of the model, then time and compare."""
    folder = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as place:
        model = Path(shutil.copytree(registry.TRAINED / "nuclei", Path(place) / "nuclei"))
        runs = {}
        for engine, precision in RUNS:
            if precision == "int8":
                continue
            file, load = choose(engine, precision)
            runs[f"{engine} {precision}"] = load(model / file, precision, 1)
        import_keras()
        from cvkit.deep.quantize import quantize

        train, validation = pairs(folder, "train", 12), pairs(folder, "val", 4)
        for engine, precision in RUNS:
            if precision == "int8":
                quantize(model, train, validation, engine=engine, side=SIDE)
                file, load = choose(engine, precision)
                runs[f"{engine} {precision}"] = load(model / file, precision, 1)
        runs = of_keras(model) | runs
        card, _ = load_model(model)
        images = np.random.default_rng(0).random((ROUNDS, 1, SIDE, SIDE, card["channels"]), np.float32)
        rows = compare(runs, images, model, validation)
    write_results(
        "engines",
        "python benchmarks/engines.py PATH",
        ["numpy", "opencv-python", "onnxruntime", "openvino", "ai-edge-litert", "keras", "tensorflow"],
        f"The U-Net of 0.8 million weights of `nuclei`, one image of {SIDE} x {SIDE}, one thread, processor time: the "
        f"least of {ROUNDS} rounds in turn. Dice, flipped pixels and the greatest difference from ONNX Runtime f32 on "
        f"{len(validation)} validation images.",
        table(["engine", "CPU ms", "times onnxruntime f32", "greatest difference", "flipped", "Dice"], rows),
    )


def compare(runs: dict, images: np.ndarray, model: Path, validation: list) -> list:
    """A row an engine."""
    times = {name: [] for name in runs}
    for batch in images:
        for name, run in runs.items():
            began = time.process_time()
            run(batch)
            times[name].append(time.process_time() - began)
    base, rows = min(times["onnxruntime f32"]), []
    for name in runs:
        least = min(times[name])
        engine, _, precision = name.partition(" ")
        said = answers(model, validation, engine, precision) if (engine, precision) in RUNS else ["", "", ""]
        rows.append([name, f"{least * 1e3:.1f}", f"{least / base:.2f}", *said])
    return rows


def answers(model: Path, validation: list, engine: str, precision: str) -> list[str]:
    """The greatest difference from ONNX Runtime, the share of pixels that flip, and Dice."""
    count, found = read_card(model)["foreground"], []
    for image, truth in validation:
        base = probabilities(image, model)
        said = probabilities(image, model, engine=engine, precision=precision)
        mask = cvkit.segment(image, model, engine=engine, precision=precision)
        flips = (base[:, :, count].sum(2) > 0.5) != (said[:, :, count].sum(2) > 0.5)
        found.append([np.abs(base - said).max(), flips.mean(), dice(truth > 0, mask)])
    greatest, flipped, score = np.array(found).T
    return [f"{greatest.max():.1e}", f"{flipped.mean():.3%}", f"{score.mean():.4f}"]


if __name__ == "__main__":
    main()
