"""The game of two networks: objectives, penalties, augmentation, the training step, its state, every GAN."""

import numpy as np
import pytest

import cvkit
from cvkit import registry
from cvkit.deep import checkpoint
from cvkit.errors import CvkitError

CLASSES = {"conditional_dcgan": 3, "pix2pix": 3, "spade": 3}  # of those that take a condition
SIDE = 16


@pytest.fixture(autouse=True)
def eager(keras, monkeypatch):
    """Steps as they stand: nets this small run sooner than a graph of them is traced."""
    from cvkit.deep.adversarial import Adversarial

    compile_ = Adversarial.compile
    monkeypatch.setattr(
        Adversarial, "compile", lambda self, *given, **more: compile_(self, *given, **{"run_eagerly": True} | more)
    )
    keras.utils.set_random_seed(0)


def make(name="dcgan", channels=1, **arguments):
    return registry.gan(name)((SIDE, SIDE, channels), CLASSES.get(name, 0), **{"width": 4} | arguments)


def batch(name="dcgan", count=4, channels=1, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.uniform(-1, 1, (count, SIDE, SIDE, channels)).astype(np.float32)
    shape = {"conditional_dcgan": (count,), "pix2pix": (count, SIDE, SIDE), "spade": (count, SIDE, SIDE)}.get(name)
    return (images,) if shape is None else (images, rng.integers(0, 3, shape).astype(np.uint8))


def values(variables):
    from keras import ops

    return [np.array(ops.convert_to_numpy(variable)) for variable in variables]


def moved(before, variables):
    return sum(not np.array_equal(old, new) for old, new in zip(before, values(variables), strict=True))


@pytest.mark.parametrize("name", cvkit.gans())
def test_every_gan_makes_images_and_learns(keras, name):
    channels = 3 if name in ("pix2pix", "resnet_gan") else 1
    gan = make(name, channels)
    gan.discriminator_steps = 1
    data = batch(name, channels=channels)
    before = values(gan.generator.trainable_variables), values(gan.discriminator.trainable_variables)
    logs = gan.train_on_batch(*data, return_dict=True)
    assert all(np.isfinite(float(value)) for value in logs.values())
    assert moved(before[0], gan.generator.trainable_variables) >= len(before[0]) // 2
    assert moved(before[1], gan.discriminator.trainable_variables) >= len(before[1]) // 2
    images = keras.ops.convert_to_numpy(gan(gan.draw(4), gan.one_hot(data[1]) if len(data) > 1 else None))
    assert images.shape == (4, SIDE, SIDE, channels) and images.dtype == np.float32 and abs(images).max() <= 1


@pytest.mark.parametrize("which", [0, 1])
def test_each_step_moves_its_own_network_only(keras, which):
    gan = make()
    gan.rates = [(optimizer, rate * (number == which)) for number, (optimizer, rate) in enumerate(gan.rates)]
    networks = gan.generator, gan.discriminator
    before = [values(network.trainable_variables) for network in networks]
    gan.train_on_batch(*batch())
    found = [moved(old, network.trainable_variables) for old, network in zip(before, networks, strict=True)]
    assert found[which] > 0 and found[1 - which] == 0


@pytest.mark.parametrize(
    ("name", "shape", "classes", "words"),
    [
        ("dcgan", (28, 28, 1), 0, "got 28 x 28; resize or pad them to 32 x 32"),
        ("spade", (64, 48, 3), 2, "got 64 x 48; resize or pad them to 64 x 64"),
        ("wgan_gp", (200, 200, 3), 0, "pad them to 128 x 128"),
        ("resnet_gan", (32, 32, 4), 0, "1 or 3 channels, got 4"),
        ("dcgan", (32, 32, 1), 3, "dcgan takes no condition; use conditional_dcgan"),
        ("conditional_dcgan", (32, 32, 1), 0, "needs a condition of at least 2 classes"),
    ],
)
def test_what_cannot_be_made_is_refused(keras, name, shape, classes, words):
    with pytest.raises(CvkitError, match=words):
        registry.gan(name)(shape, classes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dcgam", "did you mean 'dcgan'"),
        ("dcgan(depth=3)", "the GAN dcgan takes .*`width`.*, got `depth`"),
        ("dcgan(preset='best')", "`preset` must be one of 'classic', 'fast', 'quality', got 'best'"),
        ("dcgan(width='wide')", "cannot be built"),
        ("dcgan(augment='adaptiv')", "no augmentation is called 'adaptiv'; did you mean 'adaptive'"),
        ("dcgan(batch=1)", "`batch` must be a whole number of at least 2"),
    ],
)
def test_a_text_that_names_no_gan_is_refused(keras, text, words):
    from cvkit.deep.gans import build_gan

    with pytest.raises(CvkitError, match=words):
        build_gan(text, (SIDE, SIDE, 1), 0)


def test_objectives_by_hand(keras):
    from cvkit.deep.objectives import OBJECTIVES, find

    real, fake = np.array([[2.0], [-1.0]]), np.array([[0.5], [-3.0]])

    def log_sigmoid(x):
        return -np.log1p(np.exp(-x))

    both = -(log_sigmoid(real).mean() + log_sigmoid(-fake).mean())
    wanted = {
        "minimax": (both, log_sigmoid(-fake).mean()),
        "non_saturating": (both, -log_sigmoid(fake).mean()),
        "least_squares": (((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2, ((fake - 1) ** 2).mean() / 2),
        "hinge": ((0 + 2) / 2 + (1.5 + 0) / 2, -fake.mean()),
        "wasserstein": (fake.mean() - real.mean(), -fake.mean()),
        "relativistic": (-log_sigmoid(real - fake).mean(), -log_sigmoid(fake - real).mean()),
    }
    assert wanted.keys() | {"regions"} == OBJECTIVES.keys()
    losses = find("regions")[0](np.array([[[1.0, 2.0]]]), np.array([[[3.0, 5.0]]]))
    assert [float(loss) for loss in losses] == [5 - 1, -3]
    for name, losses in wanted.items():
        objective, compares = find(name)
        assert np.allclose([float(loss) for loss in objective(real, fake)], losses, rtol=1e-6), name
        assert compares == (name == "relativistic")
    smooth = find("non_saturating(smoothing=0.1)")[0](real, fake)
    assert float(smooth[0]) == pytest.approx(both + 0.1 * real.mean())
    with pytest.raises(CvkitError, match="hinge takes no argument, got `smoothing`"):
        find("hinge(smoothing=0.1)")
    with pytest.raises(CvkitError, match=r"`smoothing` must be a finite number between 0 and 0.5, got 2"):
        find("minimax(smoothing=2)")[0](real, fake)


def test_penalties_of_a_slope_that_is_known(keras):
    from cvkit.deep.penalties import find

    rng = np.random.default_rng(0)
    slopes = rng.normal(size=(3, 2, 2, 1)).astype(np.float32)
    real, fake = np.zeros_like(slopes), np.ones_like(slopes)
    squares = (slopes**2).sum(axis=(1, 2, 3))
    seen = []

    def slope(images):
        seen.append(np.array(images))
        return slopes

    seeds = keras.random.SeedGenerator(0)
    (r1, four), (r2, one) = find("r1(gamma=3, every=4) | r2(gamma=3)")
    assert (four, one) == (4, 1)
    assert float(r1(slope, real, fake, seeds)) == pytest.approx(1.5 * squares.mean(), rel=1e-5)
    assert float(r2(slope, real, fake, seeds)) == pytest.approx(1.5 * squares.mean(), rel=1e-5)
    assert not seen[0].any() and seen[1].all()
    ((gp, _),) = find("gp(weight=2)")
    assert float(gp(slope, real, fake, seeds)) == pytest.approx(2 * ((np.sqrt(squares) - 1) ** 2).mean(), rel=1e-4)
    between = seen[2].reshape(3, -1)
    assert (np.ptp(between, axis=1) == 0).all() and len(np.unique(between[:, 0])) == 3  # one step for each pair
    with pytest.raises(CvkitError, match="the penalty r1 takes `gamma`, `every`, got `weight`"):
        find("r1(weight=1)")


def test_a_penalty_teaches_the_discriminator(keras):
    gan = make()
    before = values(gan.discriminator.trainable_variables)
    gan.objective = lambda real, fake: (0.0 * keras.ops.mean(real), 0.0 * keras.ops.mean(fake))
    logs = gan.train_on_batch(*batch(), return_dict=True)
    assert logs["penalty"] > 0
    assert moved(before, gan.discriminator.trainable_variables) >= 3  # kernels, through the second derivative


def test_lazy_penalties_come_at_their_turn(keras):
    gan = make()
    seen = []
    for _ in range(6):
        gan.reset_metrics()
        seen.append(float(gan.train_on_batch(*batch(), return_dict=True)["penalty"]) > 0)
    assert seen == [True, False, False, False, True, False]


def test_the_penalty_is_in_float32_whatever_the_precision(keras):
    found = []
    weights = make().discriminator.get_weights()
    for policy in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        try:
            gan = make()
        finally:
            keras.config.set_dtype_policy("float32")
        gan.discriminator.set_weights(weights)
        real = keras.ops.convert_to_tensor(batch()[0])
        found.append(float(gan._penalty(real, real, None)))
        logits = gan._judge(real, None)
        assert logits.dtype == "float32" and gan.discriminator.layers[1].compute_dtype == policy.split("_")[-1]
        assert all(np.isfinite(list(map(float, gan.train_on_batch(*batch())))))
    assert found[0] == pytest.approx(found[1], rel=1e-6)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        with pytest.raises(CvkitError, match="use mixed_bfloat16"):
            make()
    finally:
        keras.config.set_dtype_policy("float32")


def test_the_generator_waits_for_its_turn(keras):
    gan = make("wgan_gp", steps=3)
    turns = []
    for _ in range(6):
        before = values(gan.generator.trainable_variables)
        gan.train_on_batch(*batch())
        turns.append(moved(before, gan.generator.trainable_variables) > 0)
    assert turns == [False, False, True] * 2 and int(gan.steps) == 6


def test_statistics_of_normalisation_move_and_are_averaged(keras):
    gan = make(preset="classic")
    networks = gan.generator, gan.discriminator, gan.average
    before = [values(network.non_trainable_variables) for network in networks]
    before[2] = values(gan.average.weights)
    gan.train_on_batch(*batch())
    assert moved(before[0], gan.generator.non_trainable_variables) == len(before[0]) > 0
    assert moved(before[1], gan.discriminator.non_trainable_variables) == len(before[1]) > 0
    assert moved(before[2], gan.average.weights) >= len(before[0]) + 3
    old, (new, mean) = before[2][0], values([gan.generator.weights[0], gan.average.weights[0]])
    assert np.allclose(mean, new + 0.1 * (old - new), atol=1e-6)  # the first step: (1 + 0) / (10 + 0)


def test_spectral_normalisation_divides_by_the_largest_singular_value(keras):
    from cvkit.deep.penalties import SpectralConv2D

    layer = SpectralConv2D(8, 3, padding="same")
    images = np.random.default_rng(0).normal(size=(1, 6, 6, 2)).astype(np.float32)
    layer(images)
    kernel = values([layer.kernel])[0] * 3
    layer.kernel.assign(kernel)
    for _ in range(100):
        out = layer(images, training=True)
    assert moved([kernel], [layer.kernel]) == 0
    largest = np.linalg.svd(kernel.reshape(-1, 8), compute_uv=False)[0]
    plain = keras.ops.conv(images, kernel / largest, padding="same")
    assert np.allclose(out, plain, atol=1e-4)
    before = values([layer.direction])
    layer(images, training=False)
    assert moved(before, [layer.direction]) == 0


def test_augmentation_moves_pixels_and_lets_gradients_pass(keras):
    import tensorflow as tf

    from cvkit.deep.gan_augment import augment

    seeds = keras.random.SeedGenerator(1)
    images = tf.constant(np.random.default_rng(0).uniform(-1, 1, (6, 16, 16, 3)).astype(np.float32))
    assert np.allclose(augment(images, 0.0, seeds), images, atol=1e-6)
    with tf.GradientTape() as tape:
        tape.watch(images)
        out = augment(images, 1.0, seeds)
    assert out.shape == images.shape
    assert all(not np.allclose(one, other) for one, other in zip(out.numpy(), images.numpy(), strict=True))
    slopes = tape.gradient(out, images).numpy()
    assert np.isfinite(slopes).all() and all((slope != 0).mean() > 0.3 for slope in slopes)


def test_augmentation_follows_the_discriminator(keras):
    gan = make(augment="adaptive(target=0.8, images=40)")
    for sure, wanted in ((1.0, 0.1), (1.0, 0.2), (0.5, 0.1), (0.5, 0.0), (0.5, 0.0)):
        gan.strength.assign(gan.augmentation.step(gan.strength, sure, 4))
        assert float(gan.strength) == pytest.approx(wanted, abs=1e-6)
    assert "strength" in gan.train_on_batch(*batch(), return_dict=True)
    assert float(make(augment="constant(strength=0.3)").augmentation.step(np.zeros(()), 1.0, 4)) == pytest.approx(0.3)


@pytest.mark.parametrize("name", ["dcgan", "conditional_dcgan"])
def test_objective_and_penalty_may_be_chosen(keras, name):
    from cvkit.deep.gans import build_gan

    text = f"{name}(width=2, batch=4, objective='least_squares(smoothing=0.1)', penalty='gp')"
    gan = build_gan(text, (16, 16, 1), 2 * (name != "dcgan"))
    usual = build_gan(f"{name}(width=2)", (16, 16, 1), 2 * (name != "dcgan"))
    real, fake = keras.ops.ones((4, 1)), keras.ops.zeros((4, 1))
    assert float(gan.objective(real, fake)[0]) == pytest.approx(0.1**2 / 2)
    assert float(usual.objective(real, fake)[0]) != pytest.approx(0.1**2 / 2)
    assert len(gan.penalties) == len(usual.penalties) == 1 and gan.penalties[0][1] == 1 != usual.penalties[0][1]
    if name == "dcgan":
        bounded = build_gan("dcgan(width=2, spectral=True, penalty='')", (16, 16, 1), 0)
        assert not bounded.penalties and len(bounded.discriminator.weights) > len(usual.discriminator.weights)


def test_each_network_may_have_a_rate_of_its_own(keras):
    from cvkit.deep.gans import build_gan

    gan = build_gan("dcgan(width=2, rate=[1e-3, 4e-3])", (16, 16, 1), 0)
    assert [round(rate, 6) for _, rate in gan.rates] == [1e-3, 4e-3]
    assert float(gan.discriminator_optimizer.learning_rate) == pytest.approx(4e-3)
    with pytest.raises(CvkitError, match="one for the generator and one for the discriminator"):
        build_gan("dcgan(width=2, rate=[1e-3, 4e-3, 1])", (16, 16, 1), 0)


def test_rates_fall_at_the_end(keras):
    gan = make()
    gan.horizon.assign(100)
    rates = []
    for step in (0, 30, 65, 100):
        gan.steps.assign(step)
        gan._set_rates()
        rates.append(float(gan.optimizer.learning_rate))
    assert np.allclose(rates, [2e-3, 2e-3, 2e-3 * 0.525, 1e-4])


def test_fit_takes_what_keras_takes(keras, tmp_path):
    import tensorflow as tf

    images, classes = batch("conditional_dcgan", 8)
    gan = make("conditional_dcgan")
    gan.compile(run_eagerly=False)  # the graph, as users run it
    state = keras.callbacks.ModelCheckpoint(str(tmp_path / "state.keras"))
    weights = keras.callbacks.ModelCheckpoint(str(tmp_path / "best.weights.h5"), save_weights_only=True)
    history = gan.fit(images, classes, batch_size=4, epochs=2, verbose=0, callbacks=[state, weights])
    assert len(history.history["told_apart"]) == 2 and set(history.history) >= {"discriminator", "generator", "penalty"}
    assert (tmp_path / "state.keras").is_file() and (tmp_path / "best.weights.h5").is_file()
    gan.compile(run_eagerly=True)
    gan.fit(tf.data.Dataset.from_tensor_slices((images, classes)).batch(8), shuffle=False, verbose=0)
    named = {"image": images, "condition": classes}
    gan.fit(tf.data.Dataset.from_tensor_slices(named).batch(8), shuffle=False, verbose=0)
    assert int(gan.steps) == 6 and gan.evaluate(images, classes, verbose=0, return_dict=True)["told_apart"] <= 1


def test_batches_that_do_not_fit_are_refused(keras):
    images, classes = batch("conditional_dcgan")
    gan = make("conditional_dcgan")
    for wrong, words in (((images,), "needs a condition"), ((images, classes, np.ones(4)), "no sample weights")):
        with pytest.raises(CvkitError, match=words):
            gan.train_step(wrong)
    with pytest.raises(CvkitError, match="takes none beside the images"):
        make().train_step((images, classes))


def test_void_pixels_are_of_no_class(keras):
    hot = np.array(make("pix2pix").one_hot(np.full((1, SIDE, SIDE), 255, np.uint8)))
    assert hot.shape == (1, SIDE, SIDE, 3) and not hot.any()


def test_two_and_two_epochs_are_four(keras, tmp_path):
    images, start, middle = batch()[0], tmp_path / "start", tmp_path / "middle"

    def learn(epochs, state=None):
        gan = make(augment="adaptive")
        if state:
            gan.restore(state)
        else:
            gan.horizon.assign(10)
            gan.save(start)
        gan.fit(images, batch_size=4, epochs=epochs, shuffle=False, verbose=0)
        return gan

    whole = learn(4)
    learn(2, start).save(middle)
    parted = learn(2, middle)
    for name, part in whole.parts().items():
        assert moved(values(part), parted.parts()[name]) == 0, name
    noise = np.zeros((2, *whole.latent_shape), np.float32)
    assert np.array_equal(whole.predict(noise, verbose=0), parted.predict(noise, verbose=0))
    with pytest.raises(CvkitError, match="the state of another model: expected generator/000"):
        make(width=8).restore(middle)


def variables(keras, value, shape=(3,)):
    return {"part": [keras.Variable(np.full(shape, value, np.float32))]}


def test_a_state_is_taken_over_whole_or_not_at_all(keras, tmp_path):
    file = tmp_path / "state"
    with pytest.raises(FileNotFoundError, match="there is no such state"):
        checkpoint.read_state(file, {})
    checkpoint.write_state(file, variables(keras, 1) | {"more": [keras.Variable(np.ones(2, np.float32))]})
    parts = variables(keras, 0) | {"more": [keras.Variable(np.zeros(3, np.float32))]}
    with pytest.raises(CvkitError, match=r"expected more/000 \(3,\) of 2 variables, got \(2,\)"):
        checkpoint.read_state(file, parts)
    assert not values(parts["part"])[0].any()
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CvkitError, match="the state is damaged"):
        checkpoint.read_state(file, parts)
    with pytest.raises(CvkitError, match="the file is there already"):
        checkpoint.write_state(file, {}, overwrite=False)
