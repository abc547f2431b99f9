"""What a training of many hours brings, in minutes on a GPU: how `nuclei_stardist` and `documents` came to be.

    KERAS_BACKEND=jax python benchmarks/long_training.py nuclei DATA OUT --steps 14500
    python benchmarks/long_training.py nuclei DATA OUT --finish
    KERAS_BACKEND=jax python benchmarks/long_training.py documents DATA OUT --steps 8850
    python benchmarks/long_training.py documents DATA OUT --finish

DATA is the folder of `examples/train_nuclei.py` or `train_documents.py`. The first command of each trains by JAX, whose
kernels compile for any GPU, and leaves OUT/weights.npz; Linux, and `pip install jax[cuda13] keras` beside cvkit. The
second one, by TensorFlow, makes the model of it: documents learn for some epochs more as cvkit trains, on real pages
and drawn ones; nuclei are calibrated and tuned on the validation split; both are measured.

The network, patches, targets and loss are those of `cvkit.train`; AdamW, the cosine and the moving average, too. Worker
processes draw the batches, each a whole one, ahead of what is learnt.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))

import train_documents
import train_nuclei_stardist as train_stars
from train_nuclei import read_split

import cvkit
from cvkit.datasets import draw_page
from cvkit.deep.augment import Augmentation
from cvkit.deep.data import Patches, prepare
from cvkit.deep.stars import GRID

PAPER = "flatten_background(by='ratio') | normalize(low=1, high=99)"
JOBS = {  # text before the network, network, classes, augmentation, batch, side of a patch
    "nuclei": (
        "normalize(low=1, high=99.8)", "stardist(width=24, depth=4, widest=136)", 3, "strong | stain", 32, 192,
    ),
    "documents": (
        f"{PAPER} | hint(first='darkest', second='howe', foreground='dark')", "unet(width=16, depth=4, widest=64)", 2,
        train_documents.AUGMENT, 16, 256,
    ),
}  # fmt: skip
ABOUT = {
    "nuclei": train_stars.ABOUT
    | {"summary": "Nuclei in fluorescence and stained sections as labels: stars and pixels, 1.7 million weights."},
    "documents": train_documents.ABOUT
    | {"data": "DIBCO 2009-2012 (50 pages, www.iit.demokritos.gr/~bgat), and 145 pages drawn by cvkit.datasets."},
}
RATE, SETTLE, EPOCHS = 2e-3, 30, 50
DRAWN, LAST = range(1000, 1120), range(2000, 2025)  # seeds of drawn pages, of the first training and of the second
task = drawer = None  # of a worker process: what it is to draw, and what draws it


class Drawer:
    """Draws the batches of a training, each by its number."""

    def __init__(self, job: str, data: Path, steps: int, drawn: Sequence[int] = DRAWN) -> None:
        from cvkit.deep.target import find_target

        before, network, _, augment, batch, size = JOBS[job]
        pairs, more = pairs_of(job, data, drawn)
        self.steps, self.real = steps, len(pairs)
        pairs = pairs + more
        target = find_target(network.partition("(")[0], [truth for _, truth in pairs])
        ready = prepare(pairs, target, {"preprocess": before, "channels": 3})
        self.patches = Patches(
            ready, target, Augmentation(augment), batch=batch, size=size, steps=steps, channels=3, seed=1
        )

    def __call__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Images and what to learn of them, as float16 and small enough to hand on."""
        count = len(self.patches.pairs)
        if count > self.real:  # drawn pages are half at first, and none in the last third
            drawn = max(0.0, 0.5 - 0.75 * step / self.steps)
            shares = np.repeat([(1 - drawn) / self.real, drawn / (count - self.real)], [self.real, count - self.real])
            self.patches.odds = shares
        images, answers = self.patches[step]
        return images.astype(np.float16), answers if answers.ndim == 3 else pack(answers)


def pairs_of(job: str, data: Path, drawn: Sequence[int]) -> tuple[list, list]:
    """The pairs to learn from, real ones and, of documents, those drawn by some seeds."""
    if job == "nuclei":
        return read_split(data, "train"), []
    return train_documents.read_pages(data, "train"), [draw_page(seed, height=640, width=640) for seed in drawn]


def pack(answers: np.ndarray) -> np.ndarray:
    """Classes (N, H, W), and on the grid alone depth and distances, as one (N, H/2, W/2, 4 + 1 + 32) float16 array."""
    batch, height, width, _ = answers.shape
    classes = answers[..., 0].reshape(batch, height // GRID, GRID, width // GRID, GRID).transpose(0, 1, 3, 2, 4)
    classes = classes.reshape(batch, height // GRID, width // GRID, GRID * GRID)
    return np.concatenate([classes, answers[:, ::GRID, ::GRID, 1:]], axis=-1).astype(np.float16)


def packed_loss(y_true, y_pred):
    """The loss of `stardist` on what `pack` gives."""
    from keras import ops

    from cvkit.deep.networks import stardist

    y_true = ops.cast(y_true, "float32")
    batch, rows, cols, _ = y_true.shape
    classes = ops.reshape(y_true[..., : GRID * GRID], (batch, rows, cols, GRID, GRID))
    classes = ops.reshape(ops.transpose(classes, (0, 1, 3, 2, 4)), (batch, rows * GRID, cols * GRID, 1))
    stars = ops.repeat(ops.repeat(y_true[..., GRID * GRID :], GRID, axis=1), GRID, axis=2)
    return stardist.loss(ops.concatenate([classes, stars], axis=-1), y_pred)


def begin(*given) -> None:
    """Make this process one that draws, and leaves the GPU alone; what may fail waits for the first batch."""
    import cv2

    global task
    os.environ["JAX_PLATFORMS"] = "cpu"
    cv2.setNumThreads(1)
    task = given


def draw(step: int) -> tuple:
    """A batch, in such a process."""
    global drawer
    drawer = drawer or Drawer(*task)
    return drawer(step)


def ahead(pool, workers: int, first: int = 0) -> Iterator[tuple]:
    """Batches in their order, twice as many under way as there are processes."""
    pending = deque(pool.apply_async(draw, (first + number,)) for number in range(2 * workers))
    while True:
        first += 1
        yield pending.popleft().get()
        pending.append(pool.apply_async(draw, (first + 2 * workers - 1,)))


def train(job: str, data: Path, out: Path, steps: int, workers: int) -> None:
    """Train by JAX, and write the averaged weights."""
    steps = max(1, steps // EPOCHS) * EPOCHS
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, begin, (job, data, steps)) as pool:
        import jax
        import keras

        from cvkit.deep import blocks
        from cvkit.deep.averaging import Statistics
        from cvkit.deep.build import build
        from cvkit.deep.fitting import averaging_optimizer
        from cvkit.deep.losses import find_loss

        blocks.BatchNorm.call = keras.layers.BatchNormalization.call  # TensorFlow's own operation is not for JAX
        if jax.devices()[0].platform != "cpu":
            keras.config.set_dtype_policy("mixed_bfloat16")
        _, network, classes, *_ = JOBS[job]
        network = build(network, 3, classes)
        network.compile(
            averaging_optimizer(RATE, steps), packed_loss if job == "nuclei" else find_loss("cross_entropy + dice")
        )
        batches, began = ahead(pool, workers), time.perf_counter()
        network.fit(batches, steps_per_epoch=steps // EPOCHS, epochs=EPOCHS, verbose=2)  # ends with averaged weights
        Statistics(network)(next(batches)[0] for _ in range(SETTLE))
    out.mkdir(parents=True, exist_ok=True)
    np.savez(out / "weights.npz", *[np.asarray(weight, np.float32) for weight in network.get_weights()])
    facts = {"steps": steps, "seconds": round(time.perf_counter() - began), "device": jax.devices()[0].device_kind}
    (out / "training.json").write_text(json.dumps(facts))


def finish(job: str, data: Path, out: Path) -> None:
    """Make the model of the weights, and measure it."""
    from cvkit.deep import annotate, calibrate, tune_model
    from cvkit.deep.build import build
    from cvkit.deep.export import export, rehearse

    before, text, count, augment, _, size = JOBS[job]
    network = build(text, 3, count)
    with np.load(out / "weights.npz") as weights:
        network.set_weights([weights[name] for name in weights.files])
    stars, about = job == "nuclei", ABOUT[job]
    card = {"summary": about["summary"], "network": text, "channels": 3, "preprocess": before, "patch": size}
    card |= {"classes": about["classes"], "foreground": [1], "contact": [2] if stars else []}
    card |= {"answer": "labels" if stars else "mask", "postprocess": "remove_small(area=16)" if stars else ""}
    card["halo"], card["stride"] = rehearse(text, 3, count)
    drawer = Drawer(job, data, 1, drawn=())
    card |= {"pairs": drawer.real, "cvkit": cvkit.__version__}
    model = export(network, out / "long", card, drawer(0)[0][:4].astype(np.float32))
    if stars:
        validation = read_split(data, "val")
        calibrate(model, validation)
        tune_model(model, validation)
        figures = train_stars.figures(model, data)
    else:
        plan = cvkit.Plan(precision="bf16", start=model, rate=5e-4, batch=8)
        real, drawn = pairs_of(job, data, LAST)
        how = {"validation": train_documents.read_pages(data, "val"), "augment": augment, "patch": size, "seed": 1}
        model = cvkit.train(f"{before} | {text}", real + drawn, out / "last", epochs=40, plan=plan, **how)
        figures = train_documents.figures(model, data)
    long = json.loads((out / "training.json").read_text())
    print(annotate(model, **about, long=long, figures=figures)["figures"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=14_500)
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 2))
    parser.add_argument("--finish", action="store_true")
    given = parser.parse_args()
    needed = "tensorflow" if given.finish else "jax"
    if os.environ.get("KERAS_BACKEND", "tensorflow") != needed:
        parser.error(f"set KERAS_BACKEND={needed} for this")
    if given.finish:
        finish(given.job, given.data, given.out)
    else:
        train(given.job, given.data, given.out, given.steps, given.workers)
