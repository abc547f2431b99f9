"""Streets by the networks of `examples/train_camvid.py`: what they reach on the validation split, and their curves.

    python benchmarks/camvid.py DATA RUNS

DATA is the folder of the example; RUNS holds a run folder of it for each network. Writes a page and a figure.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from common import HERE, table, write_results
from matplotlib.figure import Figure

import cvkit
from cvkit.deep import read_card


def read_history(run: Path) -> dict[str, np.ndarray]:
    """The columns of a run's history."""
    with open(run / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def curves(runs: list[Path]) -> Figure:
    """Mean IoU of training patches and of validation images, by epoch."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for place, run in enumerate(runs):
        history = read_history(run)
        for column, style in (("mean_iou", ":"), ("val_mean_iou", "-")):
            label = f"{run.name}, {'validation' if column.startswith('val') else 'training'}"
            axes.plot(history["epoch"], history[column], style, color=f"C{place}", label=label)
    axes.set(xlabel="epoch", ylabel="mean IoU", ylim=(0, 1), title="CamVid, 11 classes")
    axes.legend()
    return figure


def main() -> None:
    """Measure every run."""
    data, runs = Path(sys.argv[1]), sorted(run for run in Path(sys.argv[2]).iterdir() if (run / "model").is_dir())
    pairs = list(cvkit.datasets.from_folders(data / "val" / "images", data / "val" / "labels", kind="classes"))
    found = cvkit.evaluate({run.name: str(run / "model") for run in runs}, pairs)
    head, lines, each = ["network", "epochs", "hours", "mean IoU", "right pixels", "ms"], [], {}
    for run in runs:
        card = read_card(run / "model")
        iou = found.class_scores(run.name)["iou"]
        each[run.name] = iou
        counts = found.confusions[run.name]  # without void
        mine = np.asarray(found.rows["method"]) == run.name
        milliseconds = 1e3 * np.median(np.asarray(found.rows["seconds"])[mine])
        hours = f"{card['seconds'] / 3600:.1f}"
        line = [f"{run.name}: `{card['network']}`", card["epochs"], hours, f"{np.nanmean(iou):.3f}"]
        lines.append([*line, f"{np.trace(counts) / counts.sum():.3f}", f"{milliseconds:.0f}"])
    classes = [[name, *(f"{each[run][place]:.3f}" for run in each)] for place, name in enumerate(card["classes"])]
    figure = curves(runs)
    figure.savefig(HERE / "results" / "camvid.png", dpi=100)
    write_results(
        "camvid",
        "python benchmarks/camvid.py DATA RUNS",
        ["numpy", "opencv-python", "keras", "tensorflow", "onnxruntime"],
        f"The validation split, {len(pairs)} images of 480 x 360: IoU of each class over the pixels of all images"
        " together, void left out, and the mean over classes; median milliseconds an image. Hours: of one core, beside"
        " other work.",
        table(head, lines),
        table(["IoU", *each], classes),
        "![Curves](camvid.png)",
    )


if __name__ == "__main__":
    main()
