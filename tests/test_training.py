"""Training: run folder, resume, export, what is refused."""

import json
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy
from scenes import blobs

import cvkit
from cvkit import Plan, registry
from cvkit.compare import metrics
from cvkit.deep import read_card


@pytest.fixture(scope="module")
def pairs():
    return [blobs(seed, shape=(64, 64)) for seed in range(4)]


@pytest.fixture(scope="module")
def run(keras, pairs, tmp_path_factory):
    """A short training of labels, four epochs without a break."""
    out = tmp_path_factory.mktemp("run") / "whole"
    cvkit.train("unet(width=4, depth=2)", pairs, out, validation=pairs[:1], epochs=4, patch=32)
    return out


def test_a_training_leaves_a_model_that_segments(run, pairs):
    made = read_card(run / "model")
    assert made["classes"] == ["background", "object", "contact"] and made["preprocess"] == "normalize"
    assert made["difference_from_keras"] <= 1e-5 and made["channels"] == 1 and made["pairs"] == 4
    assert len((run / "history.csv").read_text().splitlines()) == 5
    assert all(cvkit.read(run / name).ndim == 3 for name in ("curves.png", "predictions.png"))
    image, labels = pairs[0]
    assert cvkit.segment(image, f"{run / 'model'} | label").dtype == np.int32
    assert metrics.dice(labels > 0, cvkit.segment(image, run / "model")) > 0.5
    rgb = np.stack([image] * 3, axis=2)
    assert np.array_equal(cvkit.segment(rgb, run / "model"), cvkit.segment(image, run / "model"))


CHILD = """
import os, signal, sys
sys.path[:0] = {path!r}

from cvkit.deep import keeper
from scenes import blobs
import cvkit

class Killed(keeper.Keeper):
    def on_train_batch_end(self, batch, logs=None):
        if len(self.history) == 2 and batch == 4:
            os.kill(os.getpid(), signal.SIGKILL)

import cvkit.deep.fitting
cvkit.deep.fitting.Keeper = Killed
pairs = [blobs(seed, shape=(64, 64)) for seed in range(4)]
cvkit.train("unet(width=4, depth=2)", pairs, {out!r}, validation=pairs[:1], epochs=4, patch=32)
"""


def test_a_killed_training_goes_on_as_if_nothing_had_happened(run, pairs, tmp_path):
    out = tmp_path / "cut"
    code = CHILD.format(path=[path for path in sys.path if path], out=str(out))
    child = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert child.returncode == -signal.SIGKILL, child.stderr
    assert len((out / "history.csv").read_text().splitlines()) == 3
    newest = max(out.glob("state-*"), key=lambda path: path.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[:-1000] + bytes(1000))  # damaged on top of it: an epoch is learnt again
    model = cvkit.train("unet(width=4, depth=2)", pairs, out, validation=pairs[:1], epochs=4, patch=32)
    assert (out / "history.csv").read_bytes() == (run / "history.csv").read_bytes()
    assert not list(out.glob("state-*"))
    weights = [safetensors.numpy.load_file(folder / "weights.safetensors") for folder in (model, run / "model")]
    for one, other in zip(*(dict(sorted(each.items())).values() for each in weights), strict=True):
        assert np.allclose(one, other, rtol=0, atol=1e-6)


def test_a_finished_training_is_not_repeated(run, pairs):
    card = (run / "model" / "card.json").read_bytes()
    again = cvkit.train("unet(width=4, depth=2)", pairs, run, validation=pairs[:1], epochs=4, patch=32)
    assert again == run / "model" and (again / "card.json").read_bytes() == card


def test_a_folder_of_before_contents_were_told_apart_goes_on(run, pairs, tmp_path):
    shutil.copytree(run, tmp_path / "old")
    config = json.loads((run / "config.json").read_text("utf-8"))
    del config["digest"]
    (tmp_path / "old/config.json").write_text(json.dumps(config))
    again = cvkit.train("unet(width=4, depth=2)", pairs, tmp_path / "old", validation=pairs[:1], epochs=4, patch=32)
    assert again == tmp_path / "old/model"


def test_what_was_learnt_outlives_a_failing_export(keras, tmp_path, monkeypatch):
    """A mask, learnt in half precision where the processor can."""
    import cvkit.deep.export as module
    from cvkit.deep.fitting import has_bfloat16

    def full(*given):
        raise OSError("No space left on device")

    image, labels = blobs(shape=(40, 40))
    given = ["unet(width=4, depth=2) | largest", [(image, labels > 0)], tmp_path]
    how = {"epochs": 1, "patch": 16, "plan": Plan(precision="bf16" if has_bfloat16() else "f32")}
    with monkeypatch.context() as patched:
        patched.setattr(module, "export", full)
        with pytest.raises(OSError, match="No space left"):
            cvkit.train(*given, **how)
    history = (tmp_path / "history.csv").read_bytes()
    made = cvkit.train(*given, **how)
    assert (tmp_path / "history.csv").read_bytes() == history and not list(tmp_path.glob("state-*"))
    assert read_card(made)["postprocess"] == "largest" and cvkit.segment(image, made).dtype == bool
    assert keras.config.dtype_policy().name == "float32"


def test_half_precision_needs_a_processor_that_can(keras, tmp_path, monkeypatch):
    from cvkit.deep import fitting

    monkeypatch.setattr(fitting, "has_bfloat16", lambda: False)
    with pytest.raises(ValueError, match=r"no bfloat16 arithmetic .* train with 'f32'"):
        fitting.build_in("bf16", {})


def test_a_run_folder_holds_one_training(run, pairs, tmp_path):
    with pytest.raises(ValueError, match=r"holds another training \(seed differ\)"):
        cvkit.train("unet(width=4, depth=2)", pairs, run, validation=pairs[:1], epochs=4, patch=32, seed=3)
    turned = [(image, np.rot90(labels).copy()) for image, labels in pairs]
    for learnt, held, words in ((turned, pairs[:1], "pairs"), (pairs, turned[:1], "validation")):
        with pytest.raises(ValueError, match=rf"another training \(the images or truths of {words} differ\)"):
            cvkit.train("unet(width=4, depth=2)", learnt, run, validation=held, epochs=4, patch=32)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds other files"):
        cvkit.train("unet", pairs, tmp_path)


@pytest.mark.parametrize(
    ("network", "given", "words"),
    [
        ("unett", None, "no network is called 'unett'; did you mean 'unet'?"),
        ("unet | unet", None, "expected one network, 'unet | unet' has 2"),
        ("unet", [], "there are no pairs to train on"),
        ("unet", [(np.zeros((9, 9)), np.ones((9, 8), bool))], "pair 0: image and truth must have the same height"),
        ("unet", [(np.full((9, 9), np.nan), np.ones((9, 9), bool))], "cannot work on NaN"),
        ("unet", [(np.zeros((9, 9)), np.ones((9, 9)))], "mask, int32 labels or uint8 classes"),
        ("unet", [(np.eye(9), np.zeros((9, 9), bool))], "every truth is empty, 1 in all"),
        ("unet", [(np.eye(9), np.eye(9, dtype=np.uint8) * 200)], "hold the values 0, 200 besides 255"),
        ("unet", [(np.eye(9), np.eye(9) > 0), (np.eye(9), np.eye(9, dtype=np.int32))], "pair 1: truths must be of one"),
        ("gaussian | unet", [(np.eye(9) * 255, np.eye(9) > 0)], "values reach .*let `normalize` stand before"),
    ],
)
def test_training_refuses_in_words(keras, pairs, tmp_path, network, given, words):
    with pytest.raises((ValueError, TypeError), match=words):
        cvkit.train(network, pairs if given is None else given, tmp_path / "run", epochs=1)


@pytest.mark.parametrize(
    ("network", "how", "words"),
    [
        ("stardist", {"plan": Plan(class_weights=[1, 2, 2])}, "stardist has a loss of its own .*no `class_weights`"),
        ("stardist(width=4)", {"loss": "focal"}, "stardist has a loss of its own and takes no `loss`; leave it out"),
        ("stardist", {"loss": "dise"}, "no loss is called 'dise'"),
        ("unet", {"plan": Plan(patience=2)}, "`patience` waits for a better score on `validation`"),
    ],
)
def test_what_would_be_passed_over_is_refused(keras, pairs, tmp_path, network, how, words):
    with pytest.raises(ValueError, match=words):
        cvkit.train(network, pairs, tmp_path / "run", epochs=1, **how)
    assert not (tmp_path / "run").exists()


def test_after_full_memory_the_same_folder_takes_a_smaller_patch(keras, pairs, tmp_path, monkeypatch):
    from cvkit.deep import fitting

    with monkeypatch.context() as patched, pytest.raises(MemoryError, match="a patch of 64 pixels does not fit"):
        patched.setattr(fitting, "_memory", lambda: 1.0)
        cvkit.train("unet(width=4, depth=1)", pairs[:1], tmp_path / "run", epochs=1, patch=64)
    cvkit.train("unet(width=4, depth=1)", pairs[:1], tmp_path / "run", epochs=1, patch=32)
    assert json.loads((tmp_path / "run/config.json").read_text("utf-8"))["patch"] == 32


def test_classes_train_with_all_that_is_seldom_asked_for(keras, tmp_path):
    """Void, class weights, deep supervision, images without truth, patience; three steps short of nothing."""
    image, labels = blobs(shape=(40, 40))
    rgb = np.stack([image, image // 2, 255 - image], axis=2)
    classes = np.where(labels % 2 == 1, 1, np.where(labels > 0, 2, 0)).astype(np.uint8)
    classes[0] = 255
    made = cvkit.train(
        "normalize | unet(width=4, depth=2)",
        [(rgb, classes), (image, classes)],
        tmp_path / "c",
        validation=[(rgb, classes)],
        unlabelled=[rgb, image],
        epochs=9,
        patch=16,
        augment="light | stain",
        loss="focal + lovasz",
        plan=Plan(batch=2, patience=1, class_weights=[1, 2, 2], rate=1e-9, consistency=1.0),
    )
    answer = cvkit.segment(rgb, made)
    assert answer.dtype == np.uint8 and set(np.unique(answer)) <= {0, 1, 2} and read_card(made)["channels"] == 3
    history = (tmp_path / "c/history.csv").read_text().splitlines()
    assert "consistency" in history[0] and 3 <= len(history) < 9  # at such a rate nothing gets better


def test_a_network_may_learn_what_it_says_itself(keras, pairs, tmp_path, monkeypatch):
    from keras import ops

    from cvkit.deep.networks import unet

    def targets(labels):
        """The share of the object, its number as a colour, and whether the pixel counts."""
        return np.stack([labels > 0, labels / 10, labels >= 0], axis=2).astype(np.float32)

    def loss(y_true, y_pred):
        assert y_true.shape[-1] == 3 and y_pred.shape[-1] == 1
        return ops.mean(ops.square(y_true[..., :1] - y_pred) * y_true[..., 2:])

    for name, value in {"ANSWER": "labels", "targets": targets, "loss": loss}.items():
        monkeypatch.setattr(unet, name, value, raising=False)
    model = cvkit.train("unet(width=4, depth=2)", pairs, tmp_path / "run", validation=pairs[:1], epochs=1, patch=32)
    card = read_card(model)
    assert card["answer"] == "labels" and card["classes"] == ["object"] and card["foreground"] == card["contact"] == []
    assert set(card["history"]) == {"epoch", "loss", "val_loss"} and card["history"]["loss"] < 0.3
    with pytest.raises(ValueError, match=r"unet learns from labels .* got a truth of kind mask"):
        cvkit.train("unet", [(pairs[0][0], pairs[0][1] > 0)], tmp_path / "masks")


def test_every_pair_is_judged_by_a_model_that_has_not_seen_it(keras, pairs, tmp_path, monkeypatch):
    from cvkit.deep import folds

    seen = {}

    def train(network, learnt, out, **given):
        seen[out.name] = {id(pair) for pair in learnt}
        assert given == {"seed": 3, "epochs": 2}
        return registry.TRAINED / "nuclei"

    monkeypatch.setattr(folds, "train", train)
    found = folds.cross_validate("unet", pairs, tmp_path, folds=3, seed=3, epochs=2)
    assert [sum(id(pair) not in learnt for learnt in seen.values()) for pair in pairs] == [1, 1, 1, 1]
    assert found.rows["image"].tolist() == list("0123") and (found.rows["dice"] > 0.3).all()
    assert set(found.labels) == set(found.rows["method"]) == {"unet"}
    with pytest.raises(ValueError, match="between 2 and the number of pairs, 4, got 5"):
        folds.cross_validate("unet", pairs, tmp_path, folds=5)
    with pytest.raises(ValueError, match="leave it out"):
        folds.cross_validate("unet", pairs, tmp_path, folds=2, validation=pairs)
