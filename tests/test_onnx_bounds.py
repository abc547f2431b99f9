"""An ONNX file of a few hundred bytes may not ask for gigabytes: operators and constants are looked at beforehand."""

import numpy as np
import pytest
from models import network, write_model
from onnx import helper, numpy_helper

import cvkit
from cvkit import registry
from cvkit.deep.onnx_bounds import KNOWN
from cvkit.deep.onnx_file import inspect_onnx
from cvkit.errors import CvkitError


def weights(**arrays):
    return [numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()]


def before_the_answer(*nodes, **arrays):
    """The usual small network, where the sum of what the nodes give at last, as `big`, is added to the answer."""
    model = network(initializers=weights(**arrays))
    last = [
        *nodes,
        helper.make_node("ReduceMax", ["big"], ["one"], keepdims=0),
        helper.make_node("Add", ["share", "one"], ["sum"]),
    ]
    kept = list(model.graph.node)
    kept[3].input[0] = "sum"
    del model.graph.node[:]
    model.graph.node.extend([*kept[:3], *last, kept[3]])
    return model.SerializeToString()


def node(kind, *takes, **attributes):
    return helper.make_node(kind, list(takes), ["big"], **attributes)


def shape_of_the_image():
    return helper.make_node("Shape", ["image"], ["shape"])


MANY = np.array([800_000_000])
BOMBS = {
    "zeros of any number": before_the_answer(node("ConstantOfShape", "n"), n=MANY),
    "more zeros than there can be": before_the_answer(node("ConstantOfShape", "n"), n=np.array([10**10])),
    "one number spread": before_the_answer(node("Expand", "x", "n"), x=np.float32([1]), n=MANY),
    "a range of constants": before_the_answer(node("Range", "a", "n", "d"), a=0, n=MANY[0], d=1),
    "a product of weights": before_the_answer(
        node("MatMul", "a", "b"), a=np.ones((30_000, 1), np.float32), b=np.ones((1, 30_000), np.float32)
    ),
    "a sum of weights": before_the_answer(
        node("Less", "a", "b"), a=np.ones((30_000, 1), np.float32), b=np.ones((1, 30_000), np.float32)
    ),
    "an answer repeated": before_the_answer(node("Tile", "share", "n"), n=[1, 1, 30_000, 30_000]),
    "an answer repeated along all sides": before_the_answer(node("Tile", "share", "n"), n=[64, 64, 64, 64]),
    "a wide border": before_the_answer(node("Pad", "share", "n"), n=[0, 0, 0, 0, 0, 0, 30_000, 30_000]),
    "a large answer": before_the_answer(node("Resize", "share", "", "", "n"), n=[1, 2, 30_000, 30_000]),
    "an answer enlarged": before_the_answer(node("Resize", "share", "", "n"), n=np.float32([1, 1, 900, 900])),
    "an answer enlarged by no number": before_the_answer(
        node("Resize", "share", "", "n"), n=np.float32([1, 1, np.nan, 1])
    ),
    "a range in tiny steps": before_the_answer(
        shape_of_the_image(),
        helper.make_node("ReduceMax", ["shape"], ["end"], keepdims=0),
        helper.make_node("Cast", ["end"], ["last"], to=1),
        node("Range", "a", "last", "d"),
        a=np.float32(0),
        d=np.float32(1e-9),
    ),
    "a range to far away": before_the_answer(
        shape_of_the_image(),
        helper.make_node("ReduceMin", ["shape"], ["first"], keepdims=0),
        node("Range", "first", "n", "d"),
        n=MANY[0],
        d=1,
    ),
    "sizes in a tensor of many": before_the_answer(node("Tile", "share", "n"), n=[1] * 17),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_makes_much_of_little_is_refused(name, tmp_path, capfd):
    model = write_model(tmp_path / "m", BOMBS[name])
    with pytest.raises(CvkitError) as caught:
        cvkit.segment(np.eye(24, dtype=np.uint8), str(model))
    assert caught.value.code == "model-unsafe" and caught.value.remedy and "model.onnx" in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_what_grows_with_the_image_alone_is_let_through():
    for sound in (
        before_the_answer(node("Tile", "share", "n"), n=[1, 1, 2, 2]),
        before_the_answer(node("Pad", "share", "n"), n=[0, 0, 0, 0, 0, 0, 4096, 1]),
        before_the_answer(node("Resize", "share", "", "n"), n=np.float32([1, 1, 64, 64])),
        before_the_answer(node("Resize", "share", "", "", "n"), n=[1, 2, 512, 512]),
    ):
        assert inspect_onnx(sound).parameters > 0


def test_the_models_at_hand_are_let_through():
    for model in registry.TRAINED.glob("*/model.onnx"):
        found = inspect_onnx(model.read_bytes())
        assert {*found.operators} <= KNOWN and len(found.nodes) == found.operators.total()


def test_an_engine_that_would_fill_the_memory_fails_in_words(tmp_path, capfd):
    """What the header does not tell: what is there is laid side by side, 4,000 times, and once more."""
    content = before_the_answer(
        helper.make_node("Concat", ["share"] * 4000, ["wide"], axis=2), node("Concat", *["wide"] * 4000, axis=2)
    )
    model = write_model(tmp_path / "m", content)
    with pytest.raises(CvkitError) as caught:
        cvkit.segment(np.eye(24, dtype=np.uint8), str(model))
    assert caught.value.code == "model-run" and capfd.readouterr() == ("", "")
