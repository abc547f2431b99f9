"""Networks, losses, training, export, and what runs a model without Keras."""

import json
import shutil

import numpy as np
import pytest
from scenes import DATA, blobs

import cvkit
from cvkit import registry
from cvkit.compare import metrics, objects
from cvkit.deep import predict, read_card, tiles
from cvkit.deep.card import annotate
from cvkit.deep.decode import keep_apart

NUCLEI = registry.TRAINED / "nuclei"


@pytest.fixture
def build(keras):
    """The `build` of a network, made small."""
    return lambda *given, **more: registry.network("unet")(*given, **{"width": 4, "depth": 2} | more)


def test_steps_lower_the_loss(build, keras):
    from cvkit.deep.segmenter import Segmenter

    keras.utils.set_random_seed(0)
    segmenter = Segmenter(build((None, None, 1), 2))
    segmenter.compile(keras.optimizers.Adam(1e-2))
    image, labels = blobs(shape=(48, 48))
    batch = (image[None, :, :, None] / 255.0).astype(np.float32), (labels[None] > 0).astype(np.uint8)
    losses = [segmenter.train_on_batch(*batch, return_dict=True)["loss"] for _ in range(15)]
    assert losses[-1] < 0.7 * losses[0]
    assert segmenter.test_on_batch(*batch, return_dict=True).keys() == {"loss", "dice", "mean_iou"}


def test_reach_is_far_enough_for_exact_tiles(build, keras, monkeypatch, tmp_path):
    from cvkit.deep.export import export
    from cvkit.deep.reach import reach

    keras.utils.set_random_seed(0)
    network = build((None, None, 1), 2, depth=3)
    halo, stride = reach(network)
    assert stride == 8 and halo == 46
    image = np.random.default_rng(1).random((203, 311)).astype(np.float32)
    network_text = f"{network.name}(width=4, depth=3)"
    model = export(
        network, tmp_path / "model", card(network_text, halo=halo, stride=stride), image[None, :90, :90, None]
    )
    whole = predict.probabilities(image, model)
    monkeypatch.setattr(tiles, "SMALL", 1)
    monkeypatch.setattr(tiles, "LARGE", 1)
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


def test_keras_weights_come_back_from_the_folder(keras):
    import safetensors.numpy

    about = read_card(NUCLEI)
    name, arguments = registry.parse(about["network"])
    network = registry.network(name)((None, None, about["channels"]), len(about["classes"]), **arguments)
    tensors = safetensors.numpy.load_file(NUCLEI / "weights.safetensors")
    network.set_weights([tensors[key] for key in sorted(tensors)])
    image = np.random.default_rng(0).random((1, 70, 51, 3), np.float32)
    run = predict.load_model(NUCLEI)[1]
    assert np.abs(keras.ops.convert_to_numpy(network(image)) - run(image)).max() < 1e-5


@pytest.mark.parametrize("name", [name for name in cvkit.methods() if (registry.TRAINED / name).is_dir()])
def test_trained_models_are_small_and_say_where_they_come_from(name):
    folder = registry.TRAINED / name
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 14e6
    about = read_card(folder)
    assert {"data", "figures", "licence"} <= set(about)
    assert {"seed", "seconds"} <= set(about) or {"steps", "seconds", "device"} <= set(about["long"])


def test_trained_models_are_light_together():
    assert sum(file.stat().st_size for file in registry.TRAINED.rglob("*") if file.is_file()) <= 25e6


@pytest.mark.parametrize(
    ("method", "name", "dice", "precision"),
    [
        ("nuclei | split", "nuclei", 0.85, 0.75),
        ("nuclei | split", "stained", 0.85, 0.65),
        ("nuclei_stardist", "nuclei", 0.93, 0.75),
        ("nuclei_stardist", "stained", 0.85, 0.75),
    ],
)
def test_models_find_nuclei_they_have_not_seen(method, name, dice, precision):
    image, truth = cvkit.read(DATA / f"{name}.png"), cvkit.read_truth(DATA / f"{name}-truth.png")
    labels = cvkit.segment(image, method)
    assert metrics.dice(truth > 0, labels > 0) > dice
    assert objects.average_precision(truth, labels) > precision


def test_documents_knows_ink_from_what_shows_through():
    for seed in (12, 17, 23):
        image, ink = cvkit.datasets.draw_page(seed, height=256, width=256)
        found, howe = cvkit.segment(image, "documents"), cvkit.segment(image, "howe", foreground="dark")
        assert metrics.dice(ink, found) > max(0.8, metrics.dice(ink, howe) + 0.05)


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
