"""What happens within a fit: several outputs, teachers, averages, NaN, full memory, damaged states."""

import json
import subprocess
import sys

import numpy as np
import pytest
from scenes import blobs

from cvkit.arrays import VOID


def scene(count=2, side=16):
    images, labels = blobs(shape=(side, side * count))
    cut = lambda array: np.stack(np.split(array, count, axis=1))  # noqa: E731
    return (cut(images)[..., None] / 255).astype(np.float32), (cut(labels) > 0).astype(np.uint8)


@pytest.fixture
def network(keras):
    """A network of one convolution: built at once, and normalised."""
    keras.utils.set_random_seed(0)
    image = keras.Input((None, None, 1))
    x = keras.layers.BatchNormalization(momentum=0.9)(keras.layers.Conv2D(4, 3, padding="same")(image))
    first, second, third = (
        keras.layers.Conv2D(2, 1, activation="softmax", name=name)(x) for name in ("first", "second", "third")
    )
    return keras.Model(image, [first, second, third])


def test_auxiliary_outputs_count_half_and_a_quarter(keras, network):
    from cvkit.deep.losses import cross_entropy
    from cvkit.deep.segmenter import Segmenter

    images, classes = scene()
    segmenter = Segmenter(network)
    segmenter.compile("sgd", "cross_entropy")
    one, two, three = (float(cross_entropy(classes, output)) for output in network(images))
    found = segmenter.test_on_batch(images, classes, return_dict=True)
    assert found["loss"] == pytest.approx((4 * one + 2 * two + three) / 7, rel=1e-4)
    assert np.array_equal(segmenter(images), network(images)[0])
    before = network.get_weights()
    segmenter.train_on_batch(images, classes)
    assert all(np.any(old != new) for old, new in zip(before[-6::2], network.get_weights()[-6::2], strict=True))


def test_a_teacher_follows_and_pulls(keras, network):
    from cvkit.deep.segmenter import FADE, Segmenter

    images, classes = scene()
    void = np.full_like(classes, VOID)
    answer = keras.Model(network.input, network.outputs[0])
    teacher = keras.models.clone_model(answer)
    segmenter = Segmenter(answer, teacher)
    segmenter.compile(keras.optimizers.SGD(0.1), "dice", consistency=3.0, ramp=1)
    start = teacher.get_weights()
    views = (images, images, 1 - images, np.ones(classes.shape, np.float32))
    found = segmenter.train_on_batch(views, void, return_dict=True)  # no truth: what is learnt is learnt of the teacher
    assert found["loss"] == pytest.approx(0, abs=1e-4) and found["consistency"] > 1e-4
    for old, mine, its in zip(start, teacher.get_weights(), answer.get_weights(), strict=True):
        assert np.allclose(mine, FADE * old + (1 - FADE) * its, atol=1e-6)
    assert np.any(start[0] != answer.get_weights()[0])
    later = [segmenter.train_on_batch(views, void, return_dict=True)["consistency"] for _ in range(30)]
    assert later[-1] < 0.7 * later[0]
    segmenter.consistency = 0.0


def test_statistics_are_the_mean_over_batches_and_the_network_stays(keras, network):
    from cvkit.deep.averaging import Statistics, averaged

    batches = [scene()[0], scene()[0] * 2]
    norm = next(layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization))
    maps = keras.Model(network.input, network.layers[1].output)
    optimizer = keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.5)
    optimizer.build(network.trainable_variables)
    optimizer.apply([keras.ops.ones_like(variable) for variable in network.trainable_variables])
    first = network.get_weights()
    optimizer.apply([keras.ops.ones_like(variable) for variable in network.trainable_variables])
    last = network.get_weights()
    settle = Statistics(network)
    weights = averaged(network, optimizer, settle, batches)
    for kept, value in zip(network.get_weights(), last, strict=True):
        assert np.array_equal(kept, value)
    assert np.allclose(weights[0], (first[0] + last[0]) / 2, atol=1e-6)
    settle(batches)
    expected = np.mean([np.mean(maps(batch), axis=(0, 1, 2)) for batch in batches], axis=0)
    assert np.allclose(norm.moving_mean, expected, atol=1e-5) and norm.momentum == 0.9


@pytest.fixture
def fitted(keras, network, tmp_path):
    """Everything that a fit is made of, before it."""
    from cvkit.deep.augment import Augmentation
    from cvkit.deep.data import Patches
    from cvkit.deep.fitting import compiled
    from cvkit.deep.keeper import Keeper
    from cvkit.deep.losses import find_loss
    from cvkit.deep.plan import Plan
    from cvkit.deep.run import Run
    from cvkit.deep.target import find_target

    images, classes = scene()
    pairs = list(zip(images, classes, strict=True))
    arguments = {"batch": 2, "size": 16, "steps": 3, "channels": 1, "seed": 0}
    patches = Patches(pairs, find_target("unet", [classes[0]]), Augmentation("none"), **arguments)
    segmenter = compiled(network, None, find_loss("dice"), Plan(), 6, scored=True)
    return segmenter, patches, Keeper(Run(tmp_path / "run", {}), segmenter, patches, None, None)


def test_a_loss_that_is_no_number_names_the_batch_and_keeps_the_weights(fitted):
    from cvkit.deep.feed import feed

    segmenter, patches, keeper = fitted
    draw = type(patches).__getitem__

    class Broken(type(patches)):
        def __getitem__(self, step):
            images, classes = draw(self, step)
            return (images * np.nan if (self.epoch, step) == (1, 2) else images), classes

    patches.__class__ = Broken
    data = feed(lambda: iter(patches), patches[0], len(patches))
    with pytest.raises(
        ValueError, match=r"batch 3 of epoch 2 is nan; it was cut from pairs .*weights of epoch 1 are kept"
    ):
        segmenter.fit(data, epochs=2, callbacks=[keeper], verbose=0, shuffle=False)
    tensors, state = keeper.run.load()
    assert state["epoch"] == 1 and all(np.isfinite(tensor).all() for tensor in tensors.values())


def test_weights_that_are_no_numbers_are_not_kept(keras, fitted):
    from cvkit.deep.feed import feed

    segmenter, patches, keeper = fitted

    class Poison(keras.callbacks.Callback):
        """What a gradient that is no number leaves, though the loss was one."""

        def on_train_batch_end(self, batch, logs=None):
            if (patches.epoch, batch) == (1, 2):
                weight = segmenter.network.trainable_variables[0]
                weight.assign(weight * np.nan)

    data = feed(lambda: iter(patches), patches[0], len(patches))
    words = r"weights are NaN or infinite after epoch 2, .* the weights of epoch 1 are kept in .*Plan\(rate="
    with pytest.raises(ValueError, match=words):
        segmenter.fit(data, epochs=2, callbacks=[keeper, Poison()], verbose=0, shuffle=False)
    tensors, state = keeper.run.load()
    assert state["epoch"] == 1 and all(np.isfinite(tensor).all() for tensor in tensors.values())


def test_patience_counts_the_epochs_that_were_no_better(fitted):
    _, _, keeper = fitted
    keeper.patience, keeper.best, keeper.best_epoch = 2, [np.zeros(1)], 3
    for epochs, finished in ((3, False), (4, False), (5, True)):
        keeper.history = [{}] * epochs
        assert keeper.finished == finished


def test_a_folder_that_nothing_was_learnt_in_takes_another_training(tmp_path):
    from cvkit.deep.run import Run

    def asked():
        return json.loads((tmp_path / "run/config.json").read_text("utf-8"))

    first, second = {"patch": 512, "cvkit": "1"}, {"patch": 128, "cvkit": "1"}
    Run(tmp_path / "run", first)
    run = Run(tmp_path / "run", second)
    assert asked() == second
    run.save({"a": np.zeros(3)}, {"epoch": 1})
    with pytest.raises(ValueError, match=r"holds another training \(patch differ\)"):
        Run(tmp_path / "run", first)
    run.clear()
    (tmp_path / "run/config.json").write_text('{"theirs": 1}')
    with pytest.raises(ValueError, match="theirs, patch, cvkit differ"):
        Run(tmp_path / "run", first)
    assert asked() == {"theirs": 1}


def test_two_states_are_kept_and_a_damaged_one_is_passed_over(keras, tmp_path, monkeypatch):
    from cvkit.deep.run import Run

    run = Run(tmp_path / "run", {"seed": 1})
    assert run.load() is None
    for epoch in (1, 2, 3):
        run.save({"a": np.full(1000, epoch)}, {"epoch": epoch})
    assert run.load()[1] == {"epoch": 3}
    path, content = tmp_path / "run/state-1", (tmp_path / "run/state-1").read_bytes()
    for damaged in (content[:-1], content[:-1] + b"x", content[:40], b"", bytes(100)):
        path.write_bytes(damaged)
        tensors, state = run.load()
        assert state == {"epoch": 2} and (tensors["a"] == 2).all()

    def full(*given):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space left"):
        patched.setattr("os.fsync", full)
        run.save({"a": np.zeros(3)}, {"epoch": 4})
    assert run.load()[1] == {"epoch": 2} and not list((tmp_path / "run").glob(".*"))


def test_a_batch_that_does_not_fit_is_told_in_words(keras, network):
    from cvkit.deep.fitting import explained, fitting_batch
    from cvkit.errors import CvkitError

    each = 8 * 16 * 16 * (1 + 4 + 4 + 6)  # bytes of every map and its gradient
    assert fitting_batch(network, 16, 16, memory=2 * each * 5.5) == 5
    assert fitting_batch(network, 16, 16, memory=1e12) == 16
    with pytest.raises(MemoryError, match="a patch of 64 pixels does not fit in memory; patch=32 does"):
        fitting_batch(network, 64, 16, memory=2 * each * 5)
    words = r"a batch of 8 patches of 64 pixels .*Plan\(batch=4\) may, --batch 4 in the command line"
    with pytest.raises(MemoryError, match=words), explained(8, 64):
        raise MemoryError
    with pytest.raises(CvkitError, match="patch=32 may, --patch 32 in the command line"), explained(1, 64):
        raise MemoryError
    with pytest.raises(KeyError), explained(8, 64):
        raise KeyError


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"batch": 0}, "`batch` must be a whole number of at least 1"),
        ({"rate": -1}, "`rate` must be"),
        ({"precision": "f16"}, "`precision` must be one of 'f32', 'bf16'"),
        ({"class_weights": [0, 0]}, "must hold a number above 0"),
    ],
)
def test_a_plan_is_checked(given, words):
    from cvkit import Plan

    with pytest.raises(ValueError, match=words):
        Plan(**given)


def test_devices_that_cannot_share_are_refused(keras):
    from cvkit.deep.fitting import even, share_among
    from cvkit.deep.plan import Plan
    from cvkit.errors import CvkitError

    assert even([1, 2, 3, 4, 5], 2) == [1, 2, 3, 4] and even([1, 2, 3], 1) == [1, 2, 3]
    with pytest.raises(CvkitError, match="2 devices need at least 2 pairs to validate on, got 1"):
        even([1], 2)
    with pytest.raises(CvkitError, match=r"`devices` must be some of CPU:0.*, got 'GPU:9'"):
        share_among(["CPU:0", "GPU:9"])
    with pytest.raises(CvkitError, match="leave out `devices` or `unlabelled`"):
        share_among(["CPU:0"], [np.zeros((9, 9))])
    with pytest.raises(CvkitError, match="`batch` must be a multiple of the number of `devices`, 2, got 7"):
        Plan(devices=["CPU:0", "CPU:1"], batch=7)
    assert Plan(devices=["CPU:0"]).learns() == Plan().learns() and "devices" not in Plan().learns()


TWO_DEVICES = """
import numpy as np, tensorflow as tf
half = tf.config.LogicalDeviceConfiguration()
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [half, half])
from cvkit.deep.quiet import import_keras
keras = import_keras()
from cvkit.deep.fitting import share_among
from cvkit.deep.segmenter import Segmenter

def learn(devices):
    keras.utils.set_random_seed(0)
    with share_among(devices).scope():
        image = keras.Input((None, None, 1))
        answer = keras.layers.Conv2D(2, 3, padding="same", activation="softmax")(image)
        segmenter = Segmenter(keras.Model(image, answer))
        segmenter.compile(keras.optimizers.SGD(1.0, use_ema=True), "cross_entropy")
    images = np.random.default_rng(0).random((4, 8, 8, 1), np.float32)
    truths = (images[..., 0] > 0.5).astype(np.uint8)
    found = segmenter.fit(images, truths, batch_size=4, epochs=2, shuffle=False, verbose=0).history
    tested = segmenter.evaluate(images, truths, batch_size=2, verbose=0, return_dict=True)
    return [*segmenter.network.get_weights(), *found.values(), *tested.values()]

for one, two in zip(learn([]), learn(["CPU:0", "CPU:1"]), strict=True):
    np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)
"""


def test_two_devices_learn_what_one_does():
    done = subprocess.run([sys.executable, "-c", TWO_DEVICES], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_training_begins_with_what_a_model_knows(keras):
    from cvkit.deep.build import build
    from cvkit.deep.convert import load_network
    from cvkit.deep.start import begin_with
    from cvkit.registry import model_folder

    known = load_network(model_folder("nuclei")).get_weights()
    other = build("unet(width=16, depth=4, widest=96)", 3, 5)  # five classes for three: its last layer is its own
    last = other.get_weights()[-2:]
    assert 0.99 < begin_with(other, "nuclei") < 1
    assert all(np.array_equal(a, b) for a, b in zip(known[:-2], other.get_weights(), strict=False))
    assert all(np.array_equal(a, b) for a, b in zip(last, other.get_weights()[-2:], strict=True))
    small = build("unet(width=4, depth=1)", 3, 3)
    before = small.get_weights()
    with pytest.raises(ValueError, match=r"expected a model like the network, unet\(width=16.*got only .* found there"):
        begin_with(small, "nuclei")
    assert all(np.array_equal(a, b) for a, b in zip(before, small.get_weights(), strict=True))
    with pytest.raises(ValueError, match="no model is called 'nucleus'; did you mean 'nuclei'"):
        begin_with(small, "nucleus")
