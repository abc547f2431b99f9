"""Training: run folder, resume, export, what is refused."""

import numpy as np
import pytest
from scenes import blobs

import cvkit
from cvkit.compare import metrics
from cvkit.deep import predict, read_card


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
    image, labels = pairs[0]
    assert cvkit.segment(image, f"{run / 'model'} | label").dtype == np.int32
    assert metrics.dice(labels > 0, cvkit.segment(image, run / "model")) > 0.5
    rgb = np.stack([image] * 3, axis=2)
    assert np.array_equal(cvkit.segment(rgb, run / "model"), cvkit.segment(image, run / "model"))


def test_a_stopped_training_goes_on_to_the_same_weights(run, pairs, tmp_path, monkeypatch):
    import keras

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    arguments = {"validation": pairs[:1], "epochs": 4, "patch": 32}
    fit = keras.Model.fit
    with monkeypatch.context() as patched:
        patched.setattr(
            keras.Model, "fit", lambda self, *a, callbacks, **k: fit(self, *a, callbacks=[*callbacks, Stop()], **k)
        )
        with pytest.raises(KeyboardInterrupt):
            cvkit.train("unet(width=4, depth=2)", pairs, tmp_path / "cut", **arguments)
    model = cvkit.train("unet(width=4, depth=2)", pairs, tmp_path / "cut", **arguments)
    image = np.random.default_rng(5).random((40, 40))
    assert np.allclose(
        predict.probabilities(image, model), predict.probabilities(image, run / "model"), rtol=0, atol=1e-4
    )
    assert [line.split(",")[0] for line in (tmp_path / "cut/history.csv").read_text().split()[1:]] == list("0123")


def test_a_finished_training_is_not_repeated(run, pairs):
    card = (run / "model" / "card.json").read_bytes()
    again = cvkit.train("unet(width=4, depth=2)", pairs, run, validation=pairs[:1], epochs=4, patch=32)
    assert again == run / "model" and (again / "card.json").read_bytes() == card and not (run / "backup").exists()


def test_what_was_learnt_outlives_a_failing_export(keras, pairs, tmp_path, monkeypatch):
    import cvkit.deep.export as module

    def full(*given):
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module, "export", full)
        with pytest.raises(OSError, match="No space left"):
            cvkit.train("unet(width=4, depth=2)", pairs, tmp_path, epochs=1, patch=16)
    history = (tmp_path / "history.csv").read_bytes()
    assert cvkit.train("unet(width=4, depth=2)", pairs, tmp_path, epochs=1, patch=16).is_dir()
    assert (tmp_path / "history.csv").read_bytes() == history


def test_a_run_folder_holds_one_training(run, pairs, tmp_path):
    with pytest.raises(ValueError, match=r"holds another training \(seed differ\)"):
        cvkit.train("unet(width=4, depth=2)", pairs, run, epochs=4, patch=32, seed=3)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds other files"):
        cvkit.train("unet", pairs, tmp_path)


@pytest.mark.parametrize(
    ("network", "given", "words"),
    [
        ("unett", None, "no network is called 'unett'; did you mean 'unet'?"),
        ("unet | unet", None, "expected one network, 'unet | unet' has 2"),
        ("unet", [], "there are no pairs to train on"),
        ("unet", [(np.zeros((9, 9)), np.zeros((9, 8), bool))], "image and truth of pair 0 must have the same height"),
        ("unet", [(np.full((9, 9), np.nan), np.zeros((9, 9), bool))], "cannot work on NaN"),
        ("unet", [(np.zeros((9, 9)), np.zeros((9, 9)))], "mask, int32 labels or uint8 classes"),
    ],
)
def test_training_refuses_in_words(keras, pairs, tmp_path, network, given, words):
    with pytest.raises((ValueError, TypeError), match=words):
        cvkit.train(network, pairs if given is None else given, tmp_path / "run", epochs=1)


def test_classes_and_masks_train_too(keras, tmp_path):
    image, labels = blobs(shape=(40, 40))
    rgb = np.stack([image, image // 2, 255 - image], axis=2)
    classes = np.where(labels % 2 == 1, 1, np.where(labels > 0, 2, 0)).astype(np.uint8)
    classes[0] = 255
    made = cvkit.train("normalize | unet(width=4, depth=2)", [(rgb, classes)], tmp_path / "c", epochs=1, patch=16)
    answer = cvkit.segment(rgb, made)
    assert answer.dtype == np.uint8 and set(np.unique(answer)) <= {0, 1, 2} and read_card(made)["channels"] == 3
    made = cvkit.train("unet(width=4, depth=2) | largest", [(image, labels > 0)], tmp_path / "m", epochs=1, patch=16)
    assert read_card(made)["postprocess"] == "largest" and cvkit.segment(image, made).dtype == bool


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
    model = cvkit.train("unet(width=4, depth=2)", pairs, tmp_path / "run", validation=pairs[:1], epochs=2, patch=32)
    card = read_card(model)
    assert card["answer"] == "labels" and card["classes"] == ["object"] and card["foreground"] == card["contact"] == []
    assert set(card["history"]) == {"epoch", "loss", "val_loss"} and card["history"]["loss"] < 0.25
    with pytest.raises(ValueError, match=r"unet learns from labels .* got a truth of kind mask"):
        cvkit.train("unet", [(pairs[0][0], pairs[0][1] > 0)], tmp_path / "masks")
