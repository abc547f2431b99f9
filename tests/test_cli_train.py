"""`cvkit train`: from folders or a COCO file to a model."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from scenes import blobs

import cvkit
from cvkit.classic.components import coco_annotations
from cvkit.cli import main


@pytest.fixture
def folder(tmp_path):
    for name in ("images", "truths"):
        (tmp_path / name).mkdir()
    for number in range(4):
        image, labels = blobs(number, shape=(40, 48))
        cvkit.write(tmp_path / "images" / f"{number}.png", image)
        cvkit.write(tmp_path / "truths" / f"{number}.png", labels)
    return tmp_path


def train(*words):
    return CliRunner().invoke(main, ["train", *map(str, words)])


def test_folders_become_a_model(folder):
    out = folder / "run"
    small = ["-n", "unet(width=4, depth=1)", "--epochs", 1, "--patch", 32, "--validation", 0.25]
    run = train(folder / "images", folder / "truths", "-o", out, *small)
    assert run.exit_code == 0, run.output
    for words in ("4 pairs", "truths: 4 labels", "the 1 images that were held back", f'-m "{out / "model"}"'):
        assert words in run.output
    mask = cvkit.segment(cvkit.read(folder / "images" / "0.png"), str(out / "model"))
    assert mask.shape == (40, 48) and mask.dtype == bool


def test_a_check_trains_nothing_and_faults_stop_it(folder):
    run = train(folder / "images", folder / "truths", "--check", "-o", folder / "run")
    assert run.exit_code == 0 and "Nothing is wrong with them." in run.output and not (folder / "run").exists()
    cvkit.write(folder / "truths" / "2.png", np.zeros((40, 47), np.int32))
    run = train(folder / "images", folder / "truths", "-o", folder / "run")
    assert run.exit_code == 1 and "1 of the pairs cannot be learnt from" in run.output
    assert "2.png: the image is 40 x 48, its truth 40 x 47" in run.output and not (folder / "run").exists()


def test_a_coco_file_is_taken_too(folder):
    images = [{"id": n, "file_name": f"{n}.png", "height": 40, "width": 48} for n in range(4)]
    drawn = [
        a for n in range(4) for a in coco_annotations(cvkit.read_truth(folder / "truths" / f"{n}.png"), image_id=n)
    ]
    data = {"images": images, "annotations": drawn, "categories": [{"id": 1, "name": "disc"}]}
    (folder / "all.json").write_text(json.dumps(data))
    run = train(folder / "all.json", folder / "images", "--check")
    assert run.exit_code == 0 and "truths: 4 labels" in run.output, run.output
    run = train(folder / "all.json", folder / "images", "--check", "--kind", "classes")
    assert "truths: 4 classes" in run.output and "disc" in run.output
