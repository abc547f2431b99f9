"""Every example runs, from another folder, and leaves what it says."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
LEAVES = {
    "try_all_thresholds": ["page.png", "coins.png"],
    "compare_methods": ["scores.csv", "comparison.png"],
    "count_nuclei": ["nuclei.csv", "labels.png", "overlay.png"],
    "binarise_page": ["otsu.png", "sauvola.png", "flattened.png", "comparison.png"],
    "see_every_step": ["steps.png"],
    "own_method": ["comparison.png"],
    "dcgan": ["history.csv", "made.png", "between.png", "nearest.png", "training.gif", "model/model.onnx"],
    "masks_to_images": ["pairs.png", "made/manifest.csv", "made/painter/model/card.json"],
    "class_gan": ["classes.png", "model/model.onnx"],
    "report_on_folder": ["report.html", "scores.png", "speed.png", "rows.csv"],
    "search_parameters": ["parameters.png", "other-half.png"],
    "thresholds_on_histogram": ["histogram.png", "masks.png"],
    "segment_folder": ["labels/coins-labels.png", "labels/journal.jsonl"],
    "large_image": ["seam.png", "labels.npy"],
    "tiles": ["cut.png"],
    "train_your_folder": ["samples.png", "report.html", "run/model/model.onnx", "run/curves.png"],
    "train_unet": ["config.json", "history.csv", "model/card.json", "model/model.onnx"],
}
FAST = {"train_unet": ["2"], "large_image": ["3"]}  # epochs, tiles: enough to see that it runs
SAYS = {
    "try_all_thresholds": "The picture of coins",
    "compare_methods": "Best Dice: nuclei",
    "count_nuclei": "8 nuclei, of 2072 pixels in the median",
    "binarise_page": "36.2% ink",
    "see_every_step": "24 coins",
    "own_method": "edges(size=5) | otsu | thicken |",
    "dcgan": "1530 images learnt from; the nearest real image is",
    "masks_to_images": "painted nuclei are brighter than",
    "train_unet": "U-Net",
    "class_gan": "240 shapes learnt from",
    "report_on_folder": "The report is",
    "search_parameters": "Best of 48 on these pairs: flatten_background(sigma=50) | sauvola(window=71, k=-0.2)",
    "thresholds_on_histogram": "triangle lies at 81, Otsu's at 107, minimum at 143",
    "segment_folder": "Again: 3 done (3 of them before), 1 failed",
    "large_image": "\n0 pixels differ",
    "tiles": "0 pixels differ",
    "train_your_folder": "Nothing is wrong with them",
    "train_camvid": "The model is in",
    "train_documents": "The model is in",
    "train_fashion": "The generator is in",
    "train_nuclei": "The model is in",
    "train_nuclei_stardist": "The model is in",
}


LEARN = sorted(name for name in SAYS if name.startswith("train") or name.endswith("gan"))
# One process for all that needs TensorFlow, which takes seconds to import.
ALL_IN_ONE = """
import json, runpy, sys
for file, *arguments in json.loads(sys.stdin.read()):
    print("=====", flush=True)
    sys.argv, sys.path[0] = [file, *arguments], file.rpartition("/")[0]
    runpy.run_path(file, run_name="__main__")
"""


def arguments(name, folder):
    """A folder to write to, if the example takes one, and what makes it quick."""
    return [str(folder / name), *FAST.get(name, [])] if name in LEAVES else []


def run(command, folder, given=""):
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", *command],
        cwd=folder,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        input=given,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done


def check(name, said, folder):
    assert SAYS[name] in said
    for file in LEAVES.get(name, []):
        assert (folder / name / file).stat().st_size > 100


def test_every_example_is_known():
    assert sorted(SAYS) == sorted(file.stem for file in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("name", sorted(set(SAYS) - set(LEARN)))
def test_example(name, tmp_path):
    done = run([str(EXAMPLES / f"{name}.py"), *arguments(name, tmp_path)], tmp_path)
    assert not done.stderr.strip(), done.stderr
    check(name, done.stdout, tmp_path)


def test_examples_that_learn(tmp_path):
    scripts = [[str(EXAMPLES / f"{name}.py"), *arguments(name, tmp_path)] for name in LEARN]
    done = run(["-c", ALL_IN_ONE], tmp_path, json.dumps(scripts))
    for name, said in zip(LEARN, done.stdout.split("=====\n")[1:], strict=True):
        check(name, said, tmp_path)


@pytest.mark.parametrize("name", sorted(SAYS))
def test_examples_are_short_and_say_how_they_are_run(name):
    text = (EXAMPLES / f"{name}.py").read_text("utf-8")
    assert 20 <= len(text.splitlines()) <= 66 and f"    python examples/{name}.py" in ast.get_docstring(ast.parse(text))
