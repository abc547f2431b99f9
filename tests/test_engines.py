"""Engines, precisions, and a trained model in the formats of others."""

import importlib.util
import json
import shutil
from itertools import pairwise

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from models import network, write_model
from scenes import DATA

import cvkit
from cvkit import registry
from cvkit.cli import main
from cvkit.deep import predict, read_card
from cvkit.deep.engines import choose, engines, opencv
from cvkit.errors import CvkitError, LibraryMissing

NUCLEI = registry.TRAINED / "nuclei"
PACKAGES = {"openvino": "openvino", "litert": "ai_edge_litert"}


def needs(engine):
    missing = importlib.util.find_spec(PACKAGES.get(engine, "numpy")) is None
    return pytest.param(engine, marks=pytest.mark.skipif(missing, reason=f"the extra [{engine}] is not installed"))


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).random((70, 51)).astype(np.float32)


@pytest.mark.parametrize("engine", [needs("openvino"), "opencv"])
def test_engines_answer_as_onnx_runtime(engine, image):
    said = predict.probabilities(image, NUCLEI, engine=engine)
    assert np.abs(said - predict.probabilities(image, NUCLEI)).max() < 1e-4
    assert np.array_equal(cvkit.segment(image, f"nuclei(engine={engine!r})"), cvkit.segment(image, "nuclei"))


@pytest.mark.parametrize("engine", [needs("openvino")])
def test_bf16_is_near_f32(engine, image):
    said = predict.probabilities(image, NUCLEI, engine=engine, precision="bf16")
    assert np.abs(said - predict.probabilities(image, NUCLEI)).mean() < 0.01


@pytest.mark.parametrize("engine", [name for name, needed in PACKAGES.items() if not importlib.util.find_spec(needed)])
def test_a_missing_extra_answers_with_the_line_to_type(engine, tmp_path, monkeypatch):
    import sys

    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    (tmp_path / "model").write_bytes(b"")
    precision = next(iter(importlib.import_module(f"cvkit.deep.engines.{engine}").FILES))
    with pytest.raises(LibraryMissing, match=rf"pip install 'cvkit\[{engine}\]'"):
        choose(engine, precision)[1](tmp_path / "model", precision, None)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"engine": "onnx"}, "`engine` must be one of litert, onnxruntime, opencv, openvino, got 'onnx'"),
        ({"engine": "litert"}, "litert runs at int8, got 'f32'"),
        ({"precision": "bf16"}, "onnxruntime runs at f32 or int8, got 'bf16'.*openvino"),
        ({"precision": "int8"}, "the model has no model.int8.onnx; make it: from"),
    ],
)
def test_what_an_engine_cannot_do_is_said(given, words, image):
    with pytest.raises(CvkitError, match=words):
        cvkit.segment(image, NUCLEI, **given)


def test_an_engine_is_a_file():
    assert engines() == ["litert", "onnxruntime", "opencv", "openvino"]


def test_opencv_is_compared_before_it_is_used(tmp_path, monkeypatch, image):
    model = write_model(tmp_path / "model")
    assert predict.probabilities(image, model, engine="opencv").shape == (70, 51, 2)
    load = opencv.onnxruntime.load
    monkeypatch.setattr(
        opencv.onnxruntime, "load", lambda path, threads: lambda batch: load(path, threads=threads)(batch) + 0.01
    )
    with pytest.raises(CvkitError, match=r"OpenCV's answer may differ by at most 0.0001, got 1.0e-02"):
        opencv.load(model / "model.onnx")


def test_simplified_networks_have_no_copies_left():
    kinds = [node.op_type for node in onnx.load(NUCLEI / "model.onnx").graph.node]
    assert kinds.count("Resize") == 4 and "Tile" not in kinds and kinds.count("Conv") == 23
    assert not any(kind == "Concat" and after == "Conv" for kind, after in pairwise(kinds))


def test_what_is_not_known_is_not_simplified():
    from cvkit.deep.simplify import simplify

    before = network()
    assert simplify(network()).graph == before.graph


@pytest.fixture(scope="module")
def trained(keras, tmp_path_factory):
    """A tiny model that tells bright from dark."""
    from cvkit.deep.export import export

    keras.utils.set_random_seed(0)
    net = registry.network("unet")((None, None, 1), 2, width=4, depth=1)
    images = np.random.default_rng(0).random((1, 32, 32, 1), np.float32)
    card = {"summary": "A test.", "network": "unet(width=4, depth=1)", "channels": 1, "classes": ["a", "b"]}
    card |= {"answer": "mask", "foreground": [1], "contact": [], "preprocess": "", "postprocess": ""}
    return export(net, tmp_path_factory.mktemp("tiny") / "model", card | {"halo": 8, "stride": 2}, images)


def test_keras_networks_come_back_with_what_they_learnt(trained, keras, image):
    from cvkit.deep.convert import load_network

    said = keras.ops.convert_to_numpy(load_network(trained)(image[None, :, :, None]))[0]
    assert np.abs(said - predict.probabilities(image, trained)).max() < 1e-5


def test_int8_is_accepted_if_as_good(tmp_path, capsys):
    from cvkit.deep.quantize import quantize

    model = shutil.copytree(NUCLEI, tmp_path / "model")
    pair = cvkit.read(DATA / "nuclei.png")[:200, :260], cvkit.read_truth(DATA / "nuclei-truth.png")[:200, :260]
    figures = quantize(model, [pair], [pair], side=128)
    assert read_card(model)["int8"]["onnxruntime"] == figures and figures["dice"] - figures["dice_int8"] < 0.005
    assert "onnxruntime int8: Dice" in capsys.readouterr().out and 0 < figures["flipped"] < 0.01
    said = predict.probabilities(pair[0], model, precision="int8")
    assert 0 < np.abs(said - predict.probabilities(pair[0], model)).mean() < 0.02


def test_litert_runs_tiles_of_one_size(trained, tmp_path, monkeypatch, image):
    from cvkit.deep import quantize as module

    model = shutil.copytree(trained, tmp_path / "model")
    monkeypatch.setattr(module, "MOST", 2)  # a network that has learnt nothing loses much
    module.quantize(model, [(image, image > 0.5)], [(image, image > 0.5)], engine="litert", side=32)
    run = predict.load_model(model, "litert", "int8")[1]
    assert run.side == 32 and "model.int8.tflite" in read_card(model)["checksums"]
    said = predict.probabilities(image, model, engine="litert", precision="int8")
    assert 0 < np.abs(said - predict.probabilities(image, model)).mean() < 0.05


def test_int8_that_is_worse_leaves_the_folder_as_it_was(trained, tmp_path, monkeypatch):
    from cvkit.deep import quantize as module

    model = shutil.copytree(trained, tmp_path / "model")
    before = {file.name: file.read_bytes() for file in model.iterdir()}
    monkeypatch.setattr(module, "MOST", -1)
    pair = (np.random.default_rng(0).random((32, 32)), np.eye(32, dtype=bool))
    with pytest.raises(CvkitError, match="8-bit numbers may lose less than"):
        module.quantize(model, [pair], [pair], side=32)
    assert {file.name: file.read_bytes() for file in model.iterdir()} == before
    with pytest.raises(CvkitError, match="`side` must be a multiple of 2, got 33"):
        module.quantize(model, [pair], [pair], side=33)


@pytest.mark.parametrize(("to", "name"), [("onnx", "m.onnx"), ("litert", "m.tflite"), ("savedmodel", "m")])
def test_export_writes_what_answers_as_keras(trained, tmp_path, keras, to, name):
    said = CliRunner().invoke(
        main, ["export", str(trained), "--to", to, "-o", str(tmp_path / name), "--side", "32"], catch_exceptions=False
    )
    assert said.exit_code == 0 and "differs from Keras by at most" in said.output, said.output
    assert (tmp_path / name).exists()


def test_export_refuses_in_words(trained, tmp_path, keras):
    from cvkit.deep.convert import convert

    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    for to, out, words in (
        ("coreml", tmp_path / "m", "a format must be one of onnx"),
        ("onnx", tmp_path / "m.tflite", "a file of onnx ends in .onnx"),
        ("savedmodel", tmp_path / "full", "the folder holds other files"),
    ):
        with pytest.raises((CvkitError, OSError), match=words):
            convert(trained, to, out)
    card = json.loads((trained / "card.json").read_text()) | {"network": "unet(width=5, depth=1)"}
    other = shutil.copytree(trained, tmp_path / "other")
    (other / "card.json").write_text(json.dumps(card))
    with pytest.raises(CvkitError, match="expected the weights of unet"):
        convert(other, "onnx", tmp_path / "m.onnx")
