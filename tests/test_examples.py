"""Every example runs, from another folder, and leaves what it says."""

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
    "conditional_gan": ["pairs.png", "samples/0000010.png", "model/card.json"],
    "train_unet": ["config.json", "history.csv", "model/card.json", "model/model.onnx"],
}
FAST = {"train_unet": ["2"]}  # epochs: enough to see that it runs
SAYS = {
    "try_all_thresholds": "The picture of coins",
    "compare_methods": "Best Dice: nuclei",
    "count_nuclei": "8 nuclei, of 2072 pixels in the median",
    "binarise_page": "36.2% ink",
    "see_every_step": "24 coins",
    "own_method": "edges(size=5) | otsu | thicken |",
    "dcgan": "1530 images learnt from; the nearest real image is",
    "conditional_gan": "painted nuclei are brighter than",
    "train_unet": "U-Net",
    "train_camvid": "The model is in",
    "train_documents": "The model is in",
    "train_nuclei": "The model is in",
    "train_nuclei_stardist": "The model is in",
}


@pytest.mark.parametrize("name", sorted(file.stem for file in EXAMPLES.glob("*.py")))
def test_example(name, tmp_path):
    leaves = LEAVES.get(name, [])
    arguments = [str(tmp_path / "out"), *FAST.get(name, [])] if leaves else []
    run = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", str(EXAMPLES / f"{name}.py"), *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert not run.stderr.strip() or name.startswith("train"), run.stderr
    assert SAYS[name] in run.stdout
    for file in leaves:
        assert (tmp_path / "out" / file).stat().st_size > 100
