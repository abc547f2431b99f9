"""Model folders that lie: nothing they claim reaches an engine or the memory before it is checked."""

import hashlib
import json
import os
import re
import struct

import numpy as np
import onnx
import pytest
import safetensors.numpy
from models import CARD, network, write_model
from onnx import TensorProto, helper, numpy_helper

import cvkit
from cvkit import registry
from cvkit.deep import predict, read_card
from cvkit.deep.card import check_file
from cvkit.deep.model_files import inspect_weights, strict_json
from cvkit.deep.onnx_file import inspect_onnx
from cvkit.errors import CvkitError

IMAGE = np.zeros((12, 16), np.uint8)
IMAGE[3:8, 4:10] = 200


def refused(folder, image=IMAGE):
    """The code of the error that segmenting with a folder ends in."""
    with pytest.raises(CvkitError) as caught:
        cvkit.segment(image, folder)
    assert str(folder) in str(caught.value), "the file is not named"
    return caught.value.code


def test_a_sound_folder_runs(tmp_path):
    assert np.array_equal(cvkit.segment(IMAGE, write_model(tmp_path / "m")), IMAGE > 100)


@pytest.mark.parametrize("name", [name for name in cvkit.methods() if (registry.TRAINED / name).is_dir()])
def test_the_walker_sees_what_onnx_sees(name):
    path = registry.TRAINED / name / "model.onnx"
    found, known = inspect_onnx(path.read_bytes()), onnx.load(path)
    assert found.operators == onnx_counter(known)
    assert found.version == next(given.version for given in known.opset_import if given.domain == "")
    assert {*found.tensors} == {tensor.name for tensor in known.graph.initializer}
    held = [*known.graph.initializer, *(a.t for node in known.graph.node for a in node.attribute if a.name == "value")]
    assert found.parameters == sum(int(np.prod(tensor.dims)) for tensor in held)
    for mine, theirs in ((found.inputs, known.graph.input), (found.outputs, known.graph.output)):
        assert mine == {value.name: (value.type.tensor_type.elem_type, sides(value)) for value in theirs}
    tensors = inspect_weights(path.parent, "weights.safetensors")
    loaded = safetensors.numpy.load_file(path.parent / "weights.safetensors")
    assert {key: shape for key, (_, shape) in tensors.items()} == {key: value.shape for key, value in loaded.items()}


def onnx_counter(model):
    from collections import Counter

    return Counter(node.op_type for node in model.graph.node)


def sides(value):
    return tuple(d.dim_value if d.HasField("dim_value") else None for d in value.type.tensor_type.shape.dim)


def external():
    model = network()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/passwd")
    return model


def external_in_a_constant():
    tensor = external().graph.initializer[0]
    return network(more=[helper.make_node("Constant", [], ["c"], value=tensor)])


def untold_external():
    """The place of the data alone, without the flag."""
    model = external()
    model.graph.initializer[0].data_location = TensorProto.DEFAULT
    return model


def custom_operator():
    return network(more=[helper.make_node("Shell", ["image"], ["x"], domain="com.evil")])


def own_function():
    body = helper.make_function("", "Softmax", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], [])
    return network(functions=[body])


def endless_loop():
    body = helper.make_graph([helper.make_node("Identity", ["on"], ["still"])], "body", [], [])
    return network(more=[helper.make_node("Loop", ["", "on"], ["x"], body=body)])


def a_sparse_weight():
    values, places = (numpy_helper.from_array(np.ones(1, kind), "v") for kind in (np.float32, np.int64))
    model = network()
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [9]))
    return model


def huge_tensor():
    """Thirty-two billion parameters in a file of some hundred bytes."""
    model = network()
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend([2**16, 2**16, 8])
    return model


def overflowing_tensor():
    """Sides whose product is 0 in 64 bits."""
    model = network()
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend([2**32, 2**32])
    return model


def shape_and_data_differ():
    model = network()
    model.graph.initializer[1].dims[0] = 3
    return model


def negative_side():
    model = network()
    model.graph.initializer[1].dims[0] = -2
    return model


def attribute(name, value):
    def made():
        model = network()
        conv = model.graph.node[1]
        kept = [given for given in conv.attribute if given.name != name]
        del conv.attribute[:]
        conv.attribute.extend([*kept, helper.make_attribute(name, value)])
        return model

    made.__name__ = f"{name}_{value}"
    return made


def two_inputs():
    more = helper.make_tensor_value_info("second", TensorProto.FLOAT, [1])
    return network(inputs=[network().graph.input[0], more])


def text_tensor():
    return network(initializers=[helper.make_tensor("t", TensorProto.STRING, [1], [b"x"])])


def many_nodes():
    return network(more=[helper.make_node("Relu", ["image"], ["x"])] * 50_001)


UNSAFE = [external, external_in_a_constant, untold_external, custom_operator, own_function, endless_loop]
UNSAFE += [a_sparse_weight, negative_side, two_inputs, text_tensor, attribute("group", 0), attribute("group", 2**40)]
UNSAFE += [attribute("strides", [0, 1]), attribute("pads", [-1] * 4), attribute("dilations", [2**62, 1])]


@pytest.mark.parametrize("made", UNSAFE, ids=lambda made: made.__name__)
def test_an_onnx_file_that_does_more_than_a_network_is_refused(made, tmp_path):
    assert refused(write_model(tmp_path / "m", made().SerializeToString())) == "model-unsafe"


@pytest.mark.parametrize("made", [huge_tensor, overflowing_tensor, many_nodes], ids=lambda made: made.__name__)
def test_an_onnx_file_that_claims_too_much_is_refused(made, tmp_path):
    assert refused(write_model(tmp_path / "m", made().SerializeToString())) == "model-too-large"


def test_no_engine_sees_what_is_refused(tmp_path, monkeypatch):
    engine = ("model.onnx", lambda path, precision: pytest.fail("the engine was asked"))
    monkeypatch.setattr(predict, "choose", lambda *_: engine)
    for number, made in enumerate([*UNSAFE, huge_tensor, shape_and_data_differ]):
        refused(write_model(tmp_path / str(number), made().SerializeToString()))


def test_every_cut_of_a_network_is_refused_in_words(tmp_path):
    whole = network().SerializeToString()
    for stop in range(len(whole)):
        try:
            inspect_onnx(whole[:stop])
        except CvkitError as fault:
            assert fault.code == "model-damaged"
        else:  # the last field, the set of operators, is left out, or nothing is
            pytest.fail(f"{stop} of {len(whole)} bytes were taken for a network")
    assert refused(write_model(tmp_path / "m", whole[:90])) == "model-damaged"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a model at all",
        b"<!DOCTYPE html>",
        b"\x00" * 100,
        b"\xff" * 100,
        b"\x3a\xff\xff\xff\xff\x0f",  # a graph of 4 GB
        b"\x3b\x3c" * 50,  # groups within groups
        b"\x08" + b"\x80" * 20,  # a number without an end
        b"\x3a\x00" * 1000,
    ],
)
def test_what_is_no_onnx_file_is_refused(content, tmp_path):
    assert refused(write_model(tmp_path / "m", content)) == "model-damaged"


def test_packed_and_single_numbers_are_the_same_shape():
    packed = network()
    content = packed.SerializeToString()
    tensor = numpy_helper.from_array(np.zeros((2, 3), np.float32), "t")
    single = tensor.SerializeToString()  # onnx writes the sides one by one
    assert b"\x08\x02\x08\x03" in single
    together = single.replace(b"\x08\x02\x08\x03", b"\x0a\x02\x02\x03")
    for given in (single, together):
        graph = b"\x2a" + bytes([len(given)]) + given
        found = inspect_onnx(content + b"\x3a" + bytes([len(graph)]) + graph)  # a second graph is merged into the first
        assert found.parameters == inspect_onnx(content).parameters + 6


def test_a_network_of_other_shapes_than_its_card_is_refused(tmp_path):
    assert refused(write_model(tmp_path / "a", channels=3)) == "model-channels"
    many = network(classes=3).SerializeToString()
    assert refused(write_model(tmp_path / "b", many)) == "model-classes"


@pytest.mark.parametrize("weight", [np.nan, np.inf])
def test_nan_weights_are_an_error_not_a_mask(weight, tmp_path):
    folder = write_model(tmp_path / "m", network(weight=weight).SerializeToString())
    assert refused(folder) == "model-answer"


WEIGHTS = safetensors.numpy.save({"a": np.ones((2, 3), np.float32), "b": np.ones(4, np.float16)})


def header(**tensors):
    """A safetensors file of 32 bytes of data."""
    text = json.dumps(tensors).encode()
    return struct.pack("<Q", len(text)) + text + bytes(32)


def tensor(start, stop, *shape, dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, stop]}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (WEIGHTS, None),
        (header(a=tensor(0, 32, 8)), None),
        (b"", "model-weights"),
        (WEIGHTS[:40], "model-weights"),
        (WEIGHTS[:-1], "model-weights"),
        (WEIGHTS + b"\0", "model-weights"),
        (struct.pack("<Q", 2**63) + WEIGHTS[8:], "model-weights"),
        (struct.pack("<Q", 2) + b"[]", "model-json"),
        (struct.pack("<Q", 4) + b"\x80\x04K.", "model-json"),
        (header(a=tensor(0, 32, 9)), "model-weights"),
        (header(a=tensor(0, 36, 9)), "model-weights"),
        (header(a=tensor(0, 16, 4), b=tensor(8, 24, 4)), "model-weights"),
        (header(a=tensor(0, 12, 3), b=tensor(16, 32, 4)), "model-weights"),
        (header(a=tensor(-4, 28, 8)), "model-weights"),
        (header(a=tensor(0, 32, -2, -4)), "model-weights"),
        (header(a=tensor(0, 32, 2**40, 2**40)), "model-too-large"),
        (header(a=tensor(0, 32, 8, dtype="O")), "model-weights"),
        (header(a=tensor(0, 32, 8, dtype=[])), "model-weights"),
        (header(a=tensor(0.0, 32, 8)), "model-weights"),
        (header(a=tensor(0, 32, True, 8)), "model-weights"),
        (header(a=[0, 32]), "model-weights"),
        (header(a=tensor(0, 32, 8) | {"external": "/etc/passwd"}), "model-weights"),
    ],
)
def test_the_header_of_weights_is_checked(content, code, tmp_path):
    folder = write_model(tmp_path / "m", weights=content)
    card = read_card(folder)
    if code is None:
        assert check_file(folder, card, "weights.safetensors") == folder / "weights.safetensors"
        safetensors.numpy.load_file(folder / "weights.safetensors")
        return
    with pytest.raises(CvkitError, match=r"weights.safetensors: ") as caught:
        check_file(folder, card, "weights.safetensors")
    assert caught.value.code == code


FIELDS = [
    *(("summary", value) for value in ("", 3, "a\nb", "\x1b[31mred", "x" * 5001)),
    *(
        ("network", value)
        for value in (
            "",
            "otsu",
            "../unet",
            "unet(width=__import__('os'))",
            "unet(",
            "Lambda",
            None,
            'unet(weights="imagenet")',
        )
    ),
    *(("channels", value) for value in (0, 2, 4, -1, 3.0, True, "1", 10**30)),
    *(("classes", value) for value in ([], ["a"], "ab", [1, 2], ["a", None], ["x"] * 256, ["a\0", "b"])),
    *(("answer", value) for value in ("", "table", "Mask", ["mask"])),
    *(("foreground", value) for value in ([], [2], [-1], [1.0], [True], [1, 1], ["1"], {"1": 1})),
    *(("contact", value) for value in ([1], [5], None)),
    *(("preprocess", value) for value in ("otsu", "nuclei", "/etc", "normalize(high=1, high=2)", "medain", "label")),
    *(("preprocess", value) for value in ("median(**{})", "median(size=1) | | gaussian", "'../evil'", "(" * 5000, 3)),
    *(("postprocess", value) for value in ("median", "regions", "remove_small(aria=3)", "label | fill", "'x")),
    *(("halo", value) for value in (-1, 1e9, 10**9, "12", False, [3])),
    *(("stride", value) for value in (0, -2, 2.5, 1025, None)),
    *(
        ("checksums", value)
        for value in ({}, [], {"model.onnx": "0" * 64}, {"model.onnx": 1, "weights.safetensors": 2})
    ),
]


@pytest.mark.parametrize(("name", "value"), FIELDS, ids=lambda value: repr(value)[:40])
def test_every_field_of_a_card_is_checked(name, value, tmp_path):
    code = refused(write_model(tmp_path / "m", **{name: value}))
    assert code in ("model-card", "pipeline-text", "parameter-unknown", "parameter-number"), code


@pytest.mark.parametrize("name", CARD)
def test_no_field_of_a_card_may_be_missing(name, tmp_path):
    folder = write_model(tmp_path / "m")
    card = json.loads((folder / "card.json").read_text())
    del card[name]
    (folder / "card.json").write_text(json.dumps(card))
    assert refused(folder) == "model-card"


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"{", b"\xff\xfe", b"1", b'"card"', b"[]", b"\x80\x04K\x01.", b'{"a": NaN}', b'{"a": 1, "a": 2}'),
        *(b"[" * 100_000, b'{"a":' * 900 + b"1" + b"}" * 900, b'{"a": ' + b"9" * 5000 + b"}"),
    ],
    ids=lambda text: repr(text[:20]),
)
def test_what_is_no_plain_json_object_is_refused(text):
    with pytest.raises(CvkitError) as caught:
        strict_json(text)
    assert caught.value.code == "model-json" and len(str(caught.value)) < 300


def test_a_card_of_megabytes_is_not_read(tmp_path):
    folder = write_model(tmp_path / "m")
    with open(folder / "card.json", "r+b") as file:
        file.truncate(2**40)  # of zeros that take no place on the disk
    assert refused(folder) == "model-too-large"
    write_model(tmp_path / "m")
    with open(folder / "model.onnx", "r+b") as file:
        file.truncate(2**40)
    assert refused(folder) == "model-too-large"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("piece", ["card.json", "model.onnx", "weights.safetensors"])
def test_only_regular_files_of_the_folder_are_opened(piece, tmp_path):
    folder = write_model(tmp_path / "m")
    for replace in (os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path), lambda path: leads_out(path)):
        (folder / piece).unlink()
        replace(folder / piece)
        if piece == "weights.safetensors":
            with pytest.raises(CvkitError) as caught:
                check_file(folder, read_card(folder), piece)
            assert caught.value.code == "model-unsafe"
        else:
            assert refused(folder) == "model-unsafe"
        (folder / piece).rmdir() if (folder / piece).is_dir() else (folder / piece).unlink()
        write_model(folder)


def leads_out(path):
    other = path.parent.parent / f"other-{path.name}"
    other.write_bytes(b"{}")
    path.symlink_to(other)


def test_a_link_within_the_folder_is_followed_and_a_loop_is_not(tmp_path):
    folder = write_model(tmp_path / "m")
    (folder / "model.onnx").rename(folder / "kept.onnx")
    (folder / "model.onnx").symlink_to("kept.onnx")
    assert cvkit.segment(IMAGE, folder).any()
    (folder / "kept.onnx").unlink()
    (folder / "kept.onnx").symlink_to("model.onnx")
    with pytest.raises(CvkitError, match="cannot be opened"):
        check_file(folder, read_card(folder), "model.onnx")


def test_a_swapped_file_is_noticed(tmp_path):
    folder = write_model(tmp_path / "m")
    (folder / "model.onnx").write_bytes((folder / "weights.safetensors").read_bytes())
    assert refused(folder) == "model-checksum"
    digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    card = json.loads((folder / "card.json").read_text())
    card["checksums"]["model.onnx"] = digest
    (folder / "card.json").write_text(json.dumps(card))
    assert refused(folder) == "model-damaged"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("unet(width=4096, depth=8, widest=4096)", "network-too-large"),
        ("unet(width=2000000000)", "parameter-whole"),
        ("unet(depth=65)", "parameter-whole"),
        ("unet(width=-1)", "parameter-whole"),
        ("unet(width=2.5)", "network-arguments"),
        ("unet(width='wide')", "network-arguments"),
        ("unet(width={})", "parameter-type"),
        ("unet(breadth=3)", "parameter-unknown"),
        ("unett", "network-unknown"),
    ],
)
def test_a_network_is_measured_before_it_is_made(keras, text, code):
    from cvkit.deep.build import build

    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CvkitError) as caught:
        build(text, 3, 2)
    assert caught.value.code == code
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000, "kilobytes were allocated"
    keras.ops.convert_to_numpy(keras.layers.Dense(2)(keras.ops.ones((1, 2))))  # nothing is left to be made later


def test_faults_of_an_engine_are_told_in_our_words(tmp_path):
    model = network()
    model.graph.node[1].input[1] = "nowhere"
    folder = write_model(tmp_path / "m", model.SerializeToString())
    assert refused(folder) == "model-engine"
    with pytest.raises(CvkitError, match=re.escape("the engine cannot load this network")):
        predict.load_model(folder)


def test_a_network_of_stars_gives_distances_too(tmp_path):
    def given(last, **fields):
        return write_model(tmp_path / f"{last}{len(fields)}", network(classes=last).SerializeToString(), **fields)

    stars = {"answer": "labels", "foreground": []}
    for last, sound in ((2 + 1 + 8, True), (2 + 1 + 7, False), (2, True), (3, False)):
        folder = given(last, **stars)
        if sound:
            assert check_file(folder, read_card(folder), "model.onnx")
        else:
            assert refused(folder) == "model-classes"
    assert refused(given(11, answer="mask")) == "model-classes"


def test_a_card_and_weights_may_be_as_long_as_they_may(tmp_path):
    folder = write_model(tmp_path / "m", more="x" * 1_000_000)
    assert read_card(folder)["more"]
    write_model(tmp_path / "m", more="x" * 1_050_000)
    with pytest.raises(CvkitError, match=r"expected 1,048,576 bytes at most"):
        read_card(folder)
    nested = b'{"a": ' + b"[" * 14 + b"]" * 14 + b"}"
    assert strict_json(nested)
    with pytest.raises(CvkitError, match="nested"):
        strict_json(nested.replace(b"[]", b"[[[]]]"))


@pytest.mark.parametrize("dtype", ["f4", "u1", "i1", "u2", "i2", "i4", "i8", "?", "f2", "f8", "u4", "u8"])
def test_elements_of_every_type_have_their_length(dtype, tmp_path):
    values = np.ones((3, 5), dtype)
    found = inspect_onnx(network(initializers=[numpy_helper.from_array(values, "t")]).SerializeToString())
    assert found.parameters == inspect_onnx(network().SerializeToString()).parameters + 15
    folder = write_model(tmp_path / "m", weights=safetensors.numpy.save({"t": values}))
    assert [shape for _, shape in inspect_weights(folder, "weights.safetensors").values()] == [(3, 5)]
    for kind, count in ((TensorProto.FLOAT, 15), (TensorProto.DOUBLE, 15), (TensorProto.INT64, 15)):  # typed, not raw
        typed = helper.make_tensor("t", kind, [3, 5], [1] * count)
        assert inspect_onnx(network(initializers=[typed]).SerializeToString()).parameters == found.parameters


def test_numbers_are_read_to_their_last_bit():
    from cvkit.deep import wire

    def read(content):
        return list(wire.fields(memoryview(content)))

    assert read(b"\xff\xff\xff\xff\x0f\x00"[:5].replace(b"\xff", b"\xf8", 1) + b"\x01") == [(2**29 - 1, 0, 1)]
    assert wire.varint(memoryview(b"\xff" * 9 + b"\x01"), 0) == (2**64 - 1, 10)
    assert [wire.signed(value) for value in (0, 2**63 - 1, 2**63, 2**64 - 1)] == [0, 2**63 - 1, -(2**63), -1]
    wrong = [b"\x80\x80\x80\x80\x10\x00", b"\x00\x01", b"\x07\x00", b"\xff" * 9 + b"\x02", b"\x0a\x02\x00", b"\x0d\x00"]
    for content in wrong:  # a tag of 2**32, field 0, kind 7, 2**64, a byte too few
        with pytest.raises(CvkitError, match="protocol buffer"):
            read(content if content[:1] != b"\xff" else b"\x08" + content)


LIMITS = {"strides": (1, 1024), "dilations": (1, 4096), "kernel_shape": (1, 4096), "output_shape": (1, 2**20)}
LIMITS |= {"pads": (0, 4096), "output_padding": (0, 4096), "group": (1, 2**16), "num_groups": (1, 2**16)}
LIMITS |= {"blocksize": (1, 64), "axis": (-8, 7), "axes": (-8, 7), "perm": (0, 7), "start": (-8, 8), "end": (-8, 8)}
LIMITS |= {"to": (1, 16), "dtype": (1, 16), "ceil_mode": (0, 1), "allowzero": (0, 1), "keepdims": (0, 1)}


@pytest.mark.parametrize("name", LIMITS)
def test_attributes_have_limits(name):
    low, high = LIMITS[name]
    for value in (low, high):
        assert inspect_onnx(attribute(name, [value])().SerializeToString())
    for value in (low - 1, high + 1):
        with pytest.raises(CvkitError, match=f"{name} of {value}, which must lie in {low}..{high}"):
            inspect_onnx(attribute(name, [value])().SerializeToString())


def test_sides_of_inputs_and_typed_numbers_are_counted():
    for side, sound in ((0, True), (2**31 - 1, True), (2**31, False), (-1, False)):
        model = network()
        model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = side
        if sound:
            assert inspect_onnx(model.SerializeToString()).inputs["image"][1][1] == side
        else:
            with pytest.raises(CvkitError, match=f"a side of {side}"):
                inspect_onnx(model.SerializeToString())
    for wrong in (14, 16):
        typed = helper.make_tensor("t", TensorProto.FLOAT, [3, 5], [1] * 15)
        typed.float_data[:] = [1.0] * wrong
        with pytest.raises(CvkitError, match="other content"):
            inspect_onnx(network(initializers=[typed]).SerializeToString())


def test_an_attribute_may_not_refer_to_another(tmp_path):
    model = network()
    model.graph.node[1].attribute[0].ref_attr_name = "x"
    assert refused(write_model(tmp_path / "m", model.SerializeToString())) == "model-unsafe"


def test_the_shortest_texts_of_a_card_are_texts(tmp_path):
    assert read_card(write_model(tmp_path / "m", summary="x", classes=["", "b"]))["classes"] == ["", "b"]


def test_a_card_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    folder, synced = write_model(tmp_path / "m"), []
    before = (folder / "card.json").read_bytes()

    def full(number):
        synced.append(number)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CvkitError, match=r"card\.json"):
        cvkit.deep.card.annotate(folder, licence="CC0")
    assert synced and (folder / "card.json").read_bytes() == before
    assert sorted(file.name for file in folder.iterdir()) == ["card.json", "model.onnx", "weights.safetensors"]
