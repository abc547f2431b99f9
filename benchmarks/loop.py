"""Few labelled images, and what helps: more training, pasted objects, painted pairs, unlabelled images.

    python benchmarks/loop.py DATA [--counts 5 10 20 50] [--seeds 0 1 2 3 4] [--arms ARM ...] [--steps 300] [--out PATH]

DATA is the folder of `examples/train_nuclei.py`; its fluorescence images are taken. For each number of labelled images
and each seed, which draws them, every arm is one run: a line in `OUT/loop.jsonl`, written at once, and not run again
(but `more`, `copy-paste` and `unlabelled` are, if a dearer painter was run since: they get its time).
The page and the figure are written from all lines there; without arms (`--arms`) that is all. Validation images choose,
test images are counted; of both the middle 256 x 256. Seconds are those of the processor. With fewer steps all is
scaled down: a trial.
"""

import argparse
import csv
import json
import os
import tempfile
import time
from pathlib import Path

os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}

import numpy as np
from loop_page import RESULTS, load, page

import cvkit
from cvkit import Plan
from cvkit.compare.metrics import mean_iou
from cvkit.deep.generation import grid
from cvkit.deep.generator_card import read_generator_card
from cvkit.deep.mixture import Mixture
from cvkit.deep.quiet import import_keras
from cvkit.deep.synthesis import copy_paste, synthesize
from cvkit.deep.target import part

NETWORK, PATCH, BATCH = "unet(width=16, depth=3)", 96, 8
MIDDLE, POOL = 256, 100  # side of what is judged; images without labels
SHARE = 0.3  # of the patches that are cut from made pairs
SHORT = 10  # steps of the training that tells what all cost beside their steps: tracing, two exports
TEACHER = 2.5  # a step with unlabelled images costs so many steps without
SEGMENTING = "pix2pix(judge='unet(width=8, depth=3)', distance=1.0, batch=8)"
PAINTERS = {  # text, epochs beside 300 steps of the segmentation, and whether it sees unlabelled images
    "painted, patches": ("pix2pix(distance=1.0, batch=8)", 8, False),
    "painted": (SEGMENTING, 4, False),
    "painted, unlabelled": (SEGMENTING, 2, True),
}
ARMS = ("real", *PAINTERS, "more", "copy-paste", "unlabelled")


class Nuclei:
    """The fluorescence images of the splits, read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with open(folder / "index.csv", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["kind"] == "fluo"]
        splits = ("train", "val", "test")
        self.files = {split: [row["file"] for row in rows if row["split"] == split] for split in splits}

    def read(self, file: str) -> tuple[np.ndarray, np.ndarray]:
        """One pair, grey."""
        image = cvkit.read(self.folder / "images" / file)
        return image if image.ndim == 2 else image[:, :, 0], cvkit.read_truth(self.folder / "labels" / file)

    def drawn(self, count: int, seed: int) -> tuple[list, list]:
        """Labelled pairs, those of a smaller count among those of a larger, and images whose labels nobody sees."""
        order = np.random.default_rng(seed).permutation(self.files["train"])
        return [self.read(file) for file in order[:count]], [self.read(file)[0] for file in order[-POOL:]]

    def judged(self, split: str) -> list:
        """The middles of a split."""
        return [tuple(middle(array) for array in self.read(file)) for file in self.files[split]]


def middle(array: np.ndarray) -> np.ndarray:
    """The middle of an array, of at most 256 x 256."""
    rows, cols = (slice(max(0, side - MIDDLE) // 2, max(0, side - MIDDLE) // 2 + MIDDLE) for side in array.shape)
    return array[rows, cols]


def train(pairs, out: Path, steps: float, seed: int, **more) -> tuple[Path, int, float]:
    """A training of about so many steps: the model, its steps, and the seconds that it took."""
    from cvkit.deep.fitting import EPOCH, has_bfloat16

    real = len(pairs.real if isinstance(pairs, Mixture) else pairs)
    each = int(np.clip(4 * real // BATCH, *EPOCH))
    plan = Plan(batch=BATCH, precision="bf16" if has_bfloat16() else "f32")
    epochs, began = max(1, round(steps / each)), time.process_time()
    model = cvkit.train(NETWORK, pairs, out, epochs=epochs, patch=PATCH, seed=seed, plan=plan, **more)
    return model, epochs * each, time.process_time() - began


class Cell:
    """All arms of a number of labelled images and a seed."""

    short = 0.0  # seconds of a training of ten steps, once known

    def __init__(self, data: Nuclei, count: int, seed: int, folder: Path, given) -> None:
        self.data, self.count, self.seed, self.folder = data, count, seed, folder
        self.out, self.steps, self.made = given.out, given.steps, max(12, given.steps // 5)
        self.labelled, self.unlabelled = data.drawn(count, seed)

    def rows(self) -> dict[str, dict]:
        """What is known of this cell."""
        return {row["arm"]: row for row in load(self.out) if (row["count"], row["seed"]) == (self.count, self.seed)}

    def run(self, arm: str) -> None:
        """One arm, unless it is there; one that gets a painter's time also anew, if a dearer painter came since."""
        known = self.rows()
        if arm in known and known[arm].get("beside", np.inf) >= self.dearest():
            return
        if arm == "real":
            self.begun()
        else:
            self.run("real")
        if arm == "real" or arm in PAINTERS:
            made, extra = ((), {"before": 0.0}) if arm == "real" else self.paint(arm)
            steps = self.steps
        else:
            made, extra, steps = (), {"before": 0.0, "beside": self.dearest()}, self.affordable()
        pairs, more = self.labelled, {}
        if arm == "copy-paste":
            made = copy_paste(self.labelled, self.made, size=MIDDLE, seed=self.seed)
        if arm == "unlabelled":
            steps, more = steps / TEACHER, {"unlabelled": self.unlabelled}
        if len(made):
            pairs = Mixture(self.labelled, made, SHARE)
        model, steps, seconds = train(pairs, self.folder / arm.replace(", ", "-"), steps, self.seed, **more)
        if arm == "real":
            extra["step"] = round((seconds - self.begun()) / (steps - SHORT), 4)
        row = {"count": self.count, "seed": self.seed, "arm": arm, "steps": steps, "seconds": round(seconds, 1)}
        self.keep(row | extra | judge(model, self.data))

    def paint(self, arm: str) -> tuple:
        """Pairs by a painter of an arm, and what they cost and are worth."""
        text, epochs, unlabelled = PAINTERS[arm]
        segmenter = self.folder / "real" / "model"
        if not segmenter.is_dir():  # the arm was run before, its model is gone
            train(self.labelled, self.folder / "real", self.steps, self.seed)
        out, began = self.folder / f"made-{arm.replace(', ', '-')}", time.process_time()
        given = {"unlabelled": self.unlabelled} if unlabelled else {}
        given["epochs"] = max(1, round(epochs * self.steps / 300))
        made = synthesize(self.labelled, self.made, out, painter=text, segmenter=segmenter, seed=self.seed, **given)
        before = time.process_time() - began
        with open(out / "manifest.csv", newline="") as file:
            far = float(np.median([float(row["remoteness"]) for row in csv.DictReader(file)]))
        return made, {"before": round(before, 1), "remoteness": round(far, 2)} | self.look(
            arm, out / "painter" / "model", made
        )

    def look(self, arm: str, painter: Path, made) -> dict:
        """Paint masks of validation images that no painter saw: does a network that learnt from real ones know them?"""
        pairs, found = self.data.judged("val")[:12], []
        count = len(read_generator_card(painter)["classes"])
        for place, (image, labels) in enumerate(pairs):
            painted = cvkit.generate(painter, 1, condition=np.minimum(part(labels), count - 1), seed=place)[0]
            found.append([mean_iou(labels > 0, cvkit.segment(one, "nuclei")) for one in (painted, image)])
        if self.seed == 0:
            shown = [made[place] for place in range(8)]
            side = min(image.shape[0] for image, _ in shown)
            real = [cvkit.preprocess.normalize(image)[:side, :side] * 255 for image, _ in self.labelled[:5]]
            rows = [[image for image, _ in shown[:5]], [(truth > 0) * 255 for _, truth in shown[:5]], real]
            (self.out / "loop").mkdir(exist_ok=True)
            picture = grid(np.concatenate([np.stack(row).astype(np.uint8) for row in rows]), columns=5)
            cvkit.write(self.out / "loop" / f"{self.count}-{arm.replace(', ', '-')}.png", picture)
        painted, real = np.mean(found, axis=0)
        return {"iou_painted": round(float(painted), 4), "iou_real": round(float(real), 4)}

    def affordable(self) -> float:
        """Steps that take as long as the dearest painter and the training after it, by the step of the first arm."""
        return self.steps + self.dearest() / self.rows()["real"]["step"]

    def dearest(self) -> float:
        """Seconds of the dearest painter that was run."""
        return max((row["before"] for row in self.rows().values()), default=0.0)

    def begun(self) -> float:
        """Seconds of a training of ten steps, the second one: the first in a process takes longer."""
        for name in () if Cell.short else ("first", "second"):
            Cell.short = train(self.labelled[:SHORT], self.folder / name, SHORT, 0)[2]
        return Cell.short

    def keep(self, row: dict) -> None:
        """Write a line."""
        with open(self.out / "loop.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        shown = {key: np.round(np.mean(value), 4) if isinstance(value, list) else value for key, value in row.items()}
        print({key: str(value) for key, value in shown.items()}, flush=True)


def judge(model: Path, data: Nuclei) -> dict:
    """Dice and AP of every validation and test image."""
    found = {}
    for split in ("val", "test"):
        rows = cvkit.evaluate([model], data.judged(split)).rows
        found |= {f"{split}_{name}": np.round(rows[name], 4).tolist() for name in ("dice", "ap50")}
    return found


def main() -> None:
    """Run what is missing, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[5, 10, 20, 50])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--arms", nargs="*", choices=ARMS, default=ARMS)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    import_keras()
    data = Nuclei(given.data)
    given.out.mkdir(exist_ok=True)
    for seed in given.seeds:
        for count in given.counts:
            with tempfile.TemporaryDirectory() as folder:
                cell = Cell(data, count, seed, Path(folder), given)
                for arm in given.arms:
                    cell.run(arm)
    page(given.out)


if __name__ == "__main__":
    main()
