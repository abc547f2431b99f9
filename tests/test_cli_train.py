"""`cvkit train`: from folders or a COCO file to a model."""

import json
import shlex
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from scenes import blobs

import cvkit
from cvkit import registry
from cvkit.classic.components import coco_annotations
from cvkit.cli import main
from cvkit.errors import MemoryFull


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
    for words in ("4 pairs", "truths: 4 labels", "the 1 images that were held back", "Try it: cvkit segment IMAGE -m "):
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


@pytest.fixture
def asked(monkeypatch):
    """What `cvkit.train` is asked for; it gives a model that is there already."""
    asked = {}

    def quick(network, pairs, out, **how):
        asked.update(how, network=network, pairs=pairs)
        return shutil.copytree(registry.TRAINED / "nuclei", out / "model")

    monkeypatch.setattr(cvkit, "train", quick)
    return asked


@pytest.mark.parametrize("name", ["unet (1)", "2nd | days", "day's", 'the "best" $HOME', "plain"])
def test_the_printed_line_can_be_typed_whatever_the_folder_is_called(folder, asked, name, monkeypatch):
    run = train(folder / "images", folder / "truths", "-o", folder / name)
    assert run.exit_code == 0 and "the new model" in run.output, run.output
    (line,) = (line for line in run.output.splitlines() if line.startswith("Try it: cvkit "))
    words = shlex.split(line.removeprefix("Try it: cvkit ").replace("IMAGE", str(folder / "images/0.png")))
    monkeypatch.chdir(folder)
    assert CliRunner().invoke(main, words).exit_code == 0, words


def test_options_become_a_plan(folder, asked):
    assert train(folder / "images", folder / "truths", "-o", folder / "a").exit_code == 0
    assert asked["plan"] == cvkit.Plan() and len(asked["unlabelled"]) == 0
    words = "--batch 4 --rate 0.001 --patience 3 --precision bf16 --start nuclei --unlabelled"
    assert (
        train(folder / "images", folder / "truths", "-o", folder / "b", *words.split(), folder / "images").exit_code
        == 0
    )
    assert asked["plan"] == cvkit.Plan(batch=4, rate=1e-3, patience=3, precision="bf16", start="nuclei")
    assert len(asked["unlabelled"]) == 4 and asked["unlabelled"][0].shape == (40, 48)
    run = train(folder / "images", folder / "truths", "-o", folder / "c", "--rate", "-1")
    assert run.exit_code == 2 and "`rate` must be" in run.output


def test_a_single_pair_is_told_how_to_go_on(folder):
    for number in range(1, 4):
        (folder / "images" / f"{number}.png").unlink()
        (folder / "truths" / f"{number}.png").unlink()
    run = train(folder / "images", folder / "truths", "-o", folder / "run")
    assert run.exit_code == 1 and "hold none back: --validation 0" in run.output


@pytest.mark.parametrize("fault", [MemoryError(), MemoryFull("memory-batch", came="it is too large")])
def test_full_memory_is_told_in_a_line(folder, monkeypatch, fault):
    def full(*given, **how):
        raise fault

    monkeypatch.setattr(cvkit, "train", full)
    run = train(folder / "images", folder / "truths", "-o", folder / "run")
    assert run.exit_code == 1 and isinstance(run.exception, SystemExit)
    assert f"Error: {fault or 'MemoryError'}" in run.output
