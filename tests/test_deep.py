"""Networks, losses, training, export, and what runs a model without Keras."""

import json
import shutil

import numpy as np
import pytest
from scenes import DATA, blobs

import cvkit
from cvkit import registry
from cvkit.compare import metrics
from cvkit.deep import predict, read_card, tiles
from cvkit.deep.card import annotate
from cvkit.deep.decode import keep_apart

NUCLEI = registry.TRAINED / "nuclei"
SMALL = {"unet": {"width": 4, "depth": 2}}  # arguments that make each network quick to test


@pytest.fixture(params=cvkit.networks())
def build(request, keras):
    """The `build` of each network, made small."""
    arguments = SMALL[request.param]
    return lambda *given, **more: registry.network(request.param)(*given, **arguments | more)


@pytest.mark.parametrize("classes", [1, 2, 5])
@pytest.mark.parametrize("shape", [(64, 64, 3), (33, 51, 1), (1, 1, 3), (7, 2, 1)])
def test_network_gives_probabilities_of_the_size_of_its_input(build, keras, shape, classes):
    network = build((None, None, shape[2]), classes)
    image = np.random.default_rng(0).random((2, *shape), np.float32)
    out = keras.ops.convert_to_numpy(network(image))
    assert out.shape == (2, *shape[:2], classes) and out.dtype == np.float32
    assert np.isfinite(out).all() and (out >= 0).all() and (out <= 1).all()
    if classes > 1:
        assert np.allclose(out.sum(axis=3), 1, atol=1e-5)


def test_network_computes_what_comes_out_whatever_its_precision(build, keras):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert build((None, None, 1), 2).output.dtype == "float32"
    finally:
        keras.config.set_dtype_policy("float32")


def test_steps_lower_the_loss(build, keras):
    from cvkit.deep.segmenter import Segmenter

    keras.utils.set_random_seed(0)
    segmenter = Segmenter(build((None, None, 1), 2))
    segmenter.compile(keras.optimizers.Adam(1e-2))
    image, labels = blobs(shape=(48, 48))
    batch = (image[None, :, :, None] / 255.0).astype(np.float32), (labels[None] > 0).astype(np.uint8)
    losses = [segmenter.train_on_batch(*batch, return_dict=True)["loss"] for _ in range(15)]
    assert losses[-1] < 0.7 * losses[0]
    assert segmenter.test_on_batch(*batch, return_dict=True).keys() == {"loss", "dice"}


def test_unet_has_the_parameters_that_its_docstring_counts(keras):
    assert round(registry.network("unet")((None, None, 3), 1).count_params() / 1e6, 1) == 2.0


def test_reach_is_far_enough_for_exact_tiles(build, keras, monkeypatch, tmp_path):
    from cvkit.deep.export import export, reach

    keras.utils.set_random_seed(0)
    network = build((None, None, 1), 2, depth=3)
    halo, stride = reach(network)
    assert stride == 8 and halo == 44
    image = np.random.default_rng(1).random((203, 311)).astype(np.float32)
    network_text = f"{network.name}(width=4, depth=3)"
    model = export(
        network, tmp_path / "model", card(network_text, halo=halo, stride=stride), image[None, :90, :90, None]
    )
    whole = predict.probabilities(image, model)
    monkeypatch.setattr(tiles, "PIECE", 112)
    assert np.array_equal(predict.probabilities(image, model), whole) or np.allclose(
        predict.probabilities(image, model), whole, atol=1e-6
    )
    monkeypatch.setattr(tiles, "_halo", lambda card: 8)  # too little shows
    assert not np.allclose(predict.probabilities(image, model), whole, atol=1e-6)


def card(network, channels=1, classes=("background", "object"), **more):
    """A card with the fields that export does not add."""
    fields = {"summary": "A test.", "network": network, "channels": channels, "classes": list(classes)}
    fields |= {"answer": "mask", "foreground": [1], "contact": [], "preprocess": "", "postprocess": ""}
    return fields | {"halo": 12, "stride": 4} | more


def test_loss_by_hand(keras):
    from cvkit.deep.losses import cross_entropy_dice

    truth = np.array([[[0, 1], [1, 255]]], np.uint8)
    p = np.array([[[0.2, 0.8], [0.6, 0.9]]], np.float32)[..., None]  # of class 1; the last pixel is void
    entropy = -(np.log(0.8) + np.log(0.8) + np.log(0.6)) / 3
    # Class 0: both .8, either 1 + (.8 + .2 + .4). Class 1: both .8 + .6, either 2 + (.2 + .8 + .6). One added to each.
    dice = ((2 * 0.8 + 1) / (1 + 1.4 + 1) + (2 * 1.4 + 1) / (2 + 1.6 + 1)) / 2
    assert float(cross_entropy_dice(truth, p)) == pytest.approx(entropy + 1 - dice, rel=1e-5)
    assert float(cross_entropy_dice(np.full((1, 2, 2), 255, np.uint8), p)) == pytest.approx(0, abs=1e-6)


def test_keras_dice_is_that_of_the_comparison(keras):
    from cvkit.deep.metrics import Dice

    rng = np.random.default_rng(0)
    truth, p = rng.random((3, 20, 20)) < 0.4, rng.random((3, 20, 20, 1), np.float32)
    metric = Dice(1)
    for one, other in zip(truth, p, strict=True):
        metric.update_state(one[None].astype(np.uint8), other[None])
    assert float(metric.result()) == pytest.approx(
        metrics.dice(truth.reshape(60, 20), p.reshape(60, 20) > 0.5), rel=1e-6
    )


def test_patches_warp_image_and_truth_alike(keras):
    from cvkit.deep.augment import warp

    labels = blobs(shape=(90, 90))[1]
    classes = (labels > 0).astype(np.uint8)
    image = classes[:, :, None].astype(np.float32)
    for seed in range(5):
        patch, answer = warp(image, classes, np.random.default_rng(seed), centre=(30, 50), size=40)
        assert patch.shape == (40, 40, 1) and set(np.unique(answer)) <= {0, 1, 255}
        known = answer != 255
        assert ((patch[:, :, 0] > 0.5) == (answer == 1))[known].mean() > 0.97
    assert (answer == 255).any() or known.all()


def test_truths_of_every_kind_become_classes(keras):
    from cvkit.deep.data import to_classes

    labels = np.zeros((9, 12), np.int32)
    labels[2:7, 1:6], labels[2:7, 6:11] = 1, 2
    classes = to_classes(labels)
    assert set(np.unique(classes)) == {0, 1, 2} and classes[4, 5] == classes[4, 6] == 2 and classes[4, 2] == 1
    assert to_classes(labels.astype(np.uint16)).tolist() == classes.tolist()
    assert to_classes(labels > 0).max() == 1
    assert to_classes(np.array([[3, 255]], np.uint8)).tolist() == [[3, 255]]
    with pytest.raises(TypeError, match="mask, int32 labels or uint8 classes"):
        to_classes(np.zeros((3, 3)))


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


def test_keras_weights_come_back_from_the_folder(keras):
    import safetensors.numpy

    about = read_card(NUCLEI)
    name, arguments = registry.parse(about["network"])
    network = registry.network(name)((None, None, about["channels"]), len(about["classes"]), **arguments)
    tensors = safetensors.numpy.load_file(NUCLEI / "weights.safetensors")
    network.set_weights([tensors[key] for key in sorted(tensors)])
    image = np.random.default_rng(0).random((1, 70, 51, 3), np.float32)
    run = predict._load(NUCLEI)[1]
    assert np.abs(keras.ops.convert_to_numpy(network(image)) - run(image)).max() < 1e-5


@pytest.mark.parametrize("name", [name for name in cvkit.methods() if (registry.TRAINED / name).is_dir()])
def test_trained_models_are_small_and_say_where_they_come_from(name):
    folder = registry.TRAINED / name
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 8e6
    about = read_card(folder)
    assert {"data", "figures", "licence", "seed", "seconds"} <= set(about)


def test_nuclei_finds_nuclei_it_has_not_seen():
    for name, dice, precision in (("nuclei", 0.85, 0.75), ("stained", 0.85, 0.65)):
        image, truth = cvkit.read(DATA / f"{name}.png"), cvkit.read_truth(DATA / f"{name}-truth.png")
        labels = cvkit.segment(image, "nuclei | split")
        assert metrics.dice(truth > 0, labels > 0) > dice
        assert metrics.average_precision(truth, labels) > precision


def test_nuclei_does_not_depend_on_the_unit_of_the_image():
    image = cvkit.read(DATA / "nuclei.png")
    mask = cvkit.segment(image, "nuclei")
    for other in (image.astype(np.uint16) * 100 + 1000, image / 255.0):
        assert (cvkit.segment(other, "nuclei") != mask).mean() < 1e-3


def test_a_threshold_moves_the_mask():
    image = cvkit.read(DATA / "nuclei.png")
    areas = [cvkit.segment(image, "nuclei", threshold=threshold).sum() for threshold in (0.2, 0.5, 0.9)]
    assert areas == sorted(areas, reverse=True) and areas[0] > areas[2]
    with pytest.raises(ValueError, match="`threshold` must be a finite number between 0 and 1, got 2"):
        cvkit.segment(image, "nuclei", threshold=2)


def test_cores_grow_back_and_stay_apart():
    cores = np.zeros((9, 20), bool)
    cores[2:7, 2:8] = cores[2:7, 11:17] = True
    foreground = np.zeros_like(cores)
    foreground[1:8, 1:18] = True
    labels = cvkit.segment(np.zeros((9, 20)), lambda image: keep_apart(cores, foreground))
    from cvkit.classic.components import label

    assert label(labels).max() == 2 and (foreground & ~labels).sum() <= 10  # a line through seven rows
    assert not keep_apart(np.zeros_like(cores), foreground).any()


def test_an_export_that_answers_otherwise_is_refused(build, keras, monkeypatch, tmp_path):
    import cvkit.deep.export as module

    network = build((None, None, 1), 2)
    images = np.random.default_rng(0).random((1, 32, 32, 1), np.float32)
    load = module.load
    monkeypatch.setattr(module, "load", lambda path: lambda batch: load(path)(batch) + 2e-5)
    with pytest.raises(ValueError, match=r"differs from Keras by 2.*e-05, more than 1e-05"):
        module.export(network, tmp_path / "model", card(f"{network.name}(width=4, depth=2)"), images)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(NUCLEI, tmp_path / "model")


@pytest.mark.parametrize("piece", ["card.json", "model.onnx", "weights.safetensors"])
def test_a_model_with_a_piece_missing_says_which(copy, piece):
    (copy / piece).unlink()
    with pytest.raises(FileNotFoundError, match=f"the model lacks {piece}"):
        cvkit.segment(np.eye(9), copy)


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "expected a JSON object"), ("[]", "expected a JSON object, got a JSON list"), ("{}", "expected a field")],
)
def test_a_damaged_card_is_refused(copy, text, words):
    (copy / "card.json").write_text(text)
    with pytest.raises(ValueError, match=words):
        cvkit.segment(np.eye(9), copy)


def test_a_changed_network_is_refused(copy):
    (copy / "model.onnx").write_bytes((copy / "model.onnx").read_bytes()[:-1])
    with pytest.raises(ValueError, match="SHA-256 differs"):
        cvkit.segment(np.eye(9), copy)
    with pytest.raises(FileNotFoundError, match="there is no such model folder"):
        cvkit.segment(np.eye(9), copy / "other")


def test_a_card_may_be_annotated_but_not_falsified(copy):
    assert annotate(copy, data="mine", classes=["a", "b", "c"])["data"] == "mine"
    assert json.loads((copy / "card.json").read_text())["classes"] == ["a", "b", "c"]
    for wrong in ({"halo": 3}, {"classes": ["a"]}):
        with pytest.raises(ValueError, match="belongs to the network"):
            annotate(copy, **wrong)
