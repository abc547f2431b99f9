"""The page and the figure of benchmarks/loop.py, from whatever lines there are."""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
from common import table, write_results

from cvkit.compare.learning import learning_curves, t_interval
from cvkit.compare.metrics import paired_bootstrap

RESULTS = Path(__file__).parent / "results"
CHOSEN = "painted or not, chosen"
WORDS = """What the arms are. `real`: so many steps on the labelled images alone. `painted`: a generator of class
maps is trained on the same images, a segmentation network its discriminator; a fifth as many pairs as steps are
painted, and filtered by the model of `real`; a new network is trained with as many steps, three in ten patches from
painted pairs. `painted, patches`: the discriminator judges patches. `painted, unlabelled`: it sees 100 images without
labels, too. `more`: as `real`, for as many more steps as the dearest painter took time. `copy-paste`: as many steps,
three in ten patches from pairs into which real objects were pasted. `unlabelled`: `cvkit.train(unlabelled=...)` with
the same 100 images, in the same time. `painted or not, chosen`: the best on validation of those painted arms whose
gain over `more` is sure there, else `more`; all had to be trained to choose. Gains are means over seeds, with 95 %
intervals by Student's t. All begin alike, with the same strong augmentation. Seconds are those of the processor,
without TensorFlow's start, and without the model of `real` that filters."""


def load(out: Path) -> list[dict]:
    """All lines."""
    store = out / "loop.jsonl"
    return [json.loads(line) for line in store.read_text("utf-8").splitlines()] if store.is_file() else []


def page(out: Path) -> None:
    """Write the page and the figure of what there is."""
    cells = defaultdict(dict)
    for row in load(out):
        cells[row["count"], row["seed"]][row["arm"]] = row
    for arms in cells.values():
        add_chosen(arms)
    arms = list(dict.fromkeys(arm for cell in cells.values() for arm in cell))
    counts = sorted({count for count, _ in cells})
    of = {count: [cell for (many, _), cell in sorted(cells.items()) if many == count] for count in counts}
    parts = [WORDS]
    for count in counts:
        rows = [line(arm, of[count]) for arm in arms if any(arm in cell for cell in of[count])]
        head = ["arm", "seeds", "steps", "seconds", "Dice", "gain over more", "AP at IoU .5", "gain over more"]
        parts += [f"## {count} labelled images", table(head, [row for row in rows if row])]
    parts += ["## Do painted images look like what was asked for?", *painters(cells)]
    figure = learning_curves(
        {arm: {n: means(of[n], arm, "test_dice") for n in counts if means(of[n], arm, "test_dice")} for arm in arms}
    )
    figure.savefig(out / "loop.png")
    libraries = ["numpy", "opencv-python", "keras", "tensorflow", "onnxruntime"]
    name = "loop" if out == RESULTS else str(out.resolve() / "loop")
    write_results(name, "python benchmarks/loop.py DATA", libraries, *parts, "![Learning curves](loop.png)")


def add_chosen(cell: dict) -> None:
    """What the gate would have taken: painted pairs only where validation says so, else more training."""
    painted = [row for arm, row in cell.items() if arm.startswith("painted")]
    if "more" not in cell or not painted:
        return
    none = np.array(cell["more"]["val_dice"])
    sure = [row for row in painted if paired_bootstrap(np.array(row["val_dice"]) - none)["low"] > 0]
    best = max(sure, key=lambda row: np.mean(row["val_dice"]), default=cell["more"])
    cell[CHOSEN] = best | {"taken": best["arm"]}


def means(cells: list[dict], arm: str, score: str) -> list[float]:
    """One number a seed: the mean over the images."""
    return [float(np.mean(cell[arm][score])) for cell in cells if arm in cell]


def line(arm: str, cells: list[dict]) -> list:
    """A line of the table: means over seeds, and gains over `more` of the same seed, with their intervals."""
    mine = [cell for cell in cells if arm in cell]
    seconds = [cell[arm]["seconds"] + cell[arm]["before"] for cell in mine]
    row = [arm, len(mine)]
    row += (
        ["", ""]
        if arm == CHOSEN
        else [round(np.mean([cell[arm]["steps"] for cell in mine])), f"{np.mean(seconds):.0f}"]
    )
    for score in ("test_dice", "test_ap50"):
        both = [cell for cell in mine if "more" in cell]
        gains = np.subtract(means(both, arm, score), means(both, "more", score))
        row += [f"{np.mean(means(mine, arm, score)):.3f}", "" if arm == "more" else gain(gains)]
    return row


def gain(values: np.ndarray) -> str:
    """A mean difference, and its interval if there are several."""
    if not len(values):
        return ""
    mean, low, high = t_interval(values)
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]" if len(values) > 1 else f"{mean:+.3f}"


def painters(cells: dict) -> list[str]:
    """How well the network `nuclei`, which learnt from real images, sees the masks in painted ones."""
    found = defaultdict(list)
    for (count, _), cell in cells.items():
        for arm, row in cell.items():
            if "iou_painted" in row and arm != CHOSEN:
                found[arm, count].append([row[name] for name in ("before", "iou_painted", "iou_real", "remoteness")])
    rows = []
    for (arm, count), values in sorted(found.items()):
        seconds, painted, real, far = np.mean(values, axis=0)
        rows.append(
            [arm, count, f"{seconds:.0f}", f"{painted:.3f}", f"{real:.3f}", f"{painted / real:.2f}", f"{far:.1f}"]
        )
    head = ["painter", "labelled images", "seconds", "mean IoU painted", "mean IoU real", "ratio", "remoteness"]
    text = (
        "Masks of 12 validation images, which no painter saw, are painted and segmented by the model `nuclei`. Plain "
        "bright blobs are segmented as well as real nuclei: the ratio says that shapes are right, not that images are "
        "real. Remoteness, of the texture in all candidates, is 1 where it is as near to a real crop as real crops are "
        "to each other; these overlap, the more the fewer images there are: compare painters of one number alone."
    )
    return [text, table(head, rows)]
