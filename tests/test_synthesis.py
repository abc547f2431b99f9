"""Pairs that a generator makes: scenes, scores, what reaches the generator, the share that is chosen."""

import csv

import numpy as np
import pytest
from scenes import blobs

import cvkit
from cvkit.deep.mixture import Mixture
from cvkit.deep.mosaic import mosaic
from cvkit.deep.synthesis import choose_share, copy_paste, scores, synthesize, train_painter
from cvkit.deep.synthesis.scenes import as_scenes
from cvkit.errors import CvkitError

GAN = "pix2pix(width=4, depth=1, batch=8, judge='unet(width=4, depth=1)')"
MARK, OTHER = 251, 7  # values of uint8 images that only some of them hold


class Named(list):
    """Pairs of classes with names, as of `cvkit.datasets.Pairs`."""

    classes = "sky", "road", "car", "tram"

    def subset(self, numbers):
        return Named(self[number] for number in numbers)


@pytest.fixture(scope="module")
def pairs():
    return [blobs(seed, shape=(64, 72)) for seed in range(3)]


@pytest.fixture(scope="module")
def small(keras):
    """A few crops, and steps as they stand, are enough to see that it runs."""
    from cvkit.deep.adversarial import Adversarial
    from cvkit.deep.synthesis import making

    compile_ = Adversarial.compile
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(making, "CROPS", 8)
        patched.setattr(Adversarial, "compile", lambda self, *given: compile_(self, *given, run_eagerly=True))
        yield


@pytest.fixture(scope="module")
def made(small, pairs, tmp_path_factory):
    """The one generator that the tests share, and four pairs of it out of eight."""
    out = tmp_path_factory.mktemp("made") / "run"
    others = [image for image, _ in pairs]
    how = {"painter": GAN, "segmenter": "otsu", "side": 16, "unlabelled": others, "epochs": 1}
    return out, synthesize(pairs, 4, out, **how), how


def test_a_folder_of_pairs_and_the_scores_of_all_candidates(made, pairs):
    out, found, how = made
    image, truth = found[0]
    assert len(found) == 4 and image.dtype == np.uint8 and truth.dtype == np.int32
    assert image.shape == truth.shape == (48, 48)  # three times the painter's side
    again = cvkit.datasets.from_folders(out / "images", out / "truths")
    assert np.array_equal(again[3][1], found[3][1]) and again[3][1].max() > 0
    with open(out / "manifest.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8 and [row["file"] for row in rows if row["file"]] == [f"{n:05d}.png" for n in range(4)]
    assert all(0 <= float(row["agreement"]) <= 1 and float(row["remoteness"]) > 0 for row in rows)
    before = (out / "images" / "00000.png").stat().st_mtime_ns
    assert len(synthesize(pairs, 4, out, **how)) == 4
    assert (out / "images" / "00000.png").stat().st_mtime_ns == before
    with pytest.raises(CvkitError, match=r"another training \(pairs, side differ"):
        synthesize(pairs[:2], 4, out, **how | {"side": 32})
    with pytest.raises(CvkitError, match=r"another training \(unlabelled differ"):
        synthesize(pairs, 4, out, **how | {"unlabelled": how["unlabelled"][::-1]})


def test_a_painter_paints_masks_of_any_size_for_other_pairs(made, pairs, tmp_path):
    out, *_ = made
    masks = [(image, labels > 0) for image, labels in pairs]
    found = synthesize(masks, 2, tmp_path / "new", painter=out / "painter" / "model", keep=1)
    image, truth = found[0]
    assert truth.dtype == bool and image.shape == (48, 48) and not (tmp_path / "new" / "painter").exists()
    with open(tmp_path / "new" / "manifest.csv", newline="") as file:
        assert {row["agreement"] for row in csv.DictReader(file)} == {"nan"}
    wide = cvkit.generate(out / "painter" / "model", condition=np.zeros((2, 40, 21), np.uint8))
    assert wide.shape == (2, 40, 21) and not np.array_equal(wide[0], wide[1])
    with pytest.raises(CvkitError, match=r"a class map \(16, 16\)"):
        cvkit.generate(out / "painter" / "model", condition=np.zeros((12, 40), np.uint8))


def test_a_class_that_the_painter_never_saw_is_void(small, tmp_path, monkeypatch):
    """A rare class may be in none of the crops that a painter learns from."""
    from cvkit.deep.synthesis import making

    rng = np.random.default_rng(0)
    pairs = [(rng.integers(0, 99, (32, 32), np.uint8), rng.integers(0, 3, (32, 32), np.uint8)) for _ in range(2)]
    asked = []

    def fake_generate(model, *, condition, n, seed):
        asked.append(condition)
        return np.zeros((1, *condition.shape), np.uint8)

    monkeypatch.setattr(making, "train_gan", lambda *_, **given: tmp_path)
    monkeypatch.setattr(making, "generate", fake_generate)
    monkeypatch.setattr(making, "read_generator_card", lambda _: {"shape": [16, 16, 1], "classes": ["0", "1"]})
    made = synthesize(Named(pairs), 2, tmp_path / "made", side=16, epochs=1)
    assert made.classes == list(Named.classes)
    for _, truth in made:
        assert truth.dtype == np.uint8 and set(np.unique(truth)) == {0, 1, 255}
    assert all(set(np.unique(classes)) == {0, 1, 255} for classes in asked)


def marked(value, seed):
    """A scene that holds a value that no other does, in a stripe that percentiles do not touch."""
    image, labels = blobs(seed, shape=(64, 64))
    image = np.clip(image, 20, 200)
    image[20:24] = value
    return image, labels


def test_nothing_that_is_held_back_reaches_the_generator(small, tmp_path, monkeypatch):
    """All that the generator and the segmentation learn from is looked at for the marks of what is held back."""
    from cvkit.deep.synthesis import making
    from cvkit.deep.synthesis import share as choosing

    # The stretch of `normalize` is left out, so that a mark stays what it is.
    monkeypatch.setattr("cvkit.deep.synthesis.scenes.apply", lambda _, image: np.asarray(image, np.float32) / 255)
    learnt, held_back = [marked(OTHER, seed) for seed in range(3)], [marked(MARK, seed) for seed in range(3, 6)]
    seen, validated = [], []

    def record(gan, images, out, *, condition, **length):
        seen.extend(images)
        return made_by

    def fake_train(network, pairs, out, **training):
        seen.extend(image for image, _ in pairs)
        assert "validation" not in training
        return "otsu"

    def fake_generate(model, *, condition, n, seed):
        return np.full((1, *condition.shape), 99, np.uint8)

    made_by = tmp_path / "painter"
    monkeypatch.setattr(making, "train_gan", record)
    monkeypatch.setattr(making, "generate", fake_generate)
    monkeypatch.setattr(making, "read_generator_card", lambda _: {"shape": [16, 16, 1], "classes": ["0", "1", "2"]})
    monkeypatch.setattr(choosing, "train", fake_train)
    found = synthesize(learnt, 2, tmp_path / "made", side=16, unlabelled=[marked(OTHER, 9)[0]], epochs=1)
    evaluate = choosing.evaluate

    def watched(methods, pairs):
        validated.extend(image for image, _ in pairs)
        return evaluate(methods, pairs)

    monkeypatch.setattr(choosing, "evaluate", watched)
    choose_share("unet", learnt, found, tmp_path / "share", validation=held_back, shares=(0.5,))
    assert any((image == OTHER).any() for image in seen) and all((image == MARK).any() for image in validated)
    assert not any((image == MARK).any() for image in seen)
    with pytest.raises(CvkitError, match="image 1 of `validation` is among those to learn from"):
        choose_share("unet", learnt, found, tmp_path / "share", validation=[held_back[0], learnt[2]], shares=(0.5,))


def test_a_share_is_chosen_only_if_it_gains_more_than_chance(pairs, tmp_path, monkeypatch):
    """Three "trainings" whose answers are known: none is good, a half better on every image, a third on the mean."""
    from cvkit.deep.synthesis import share as choosing

    def fake_train(network, mixed, out, **training):
        share = mixed.share

        def answer(image):
            truth = next(labels for known, labels in pairs if np.array_equal(known, image)) > 0
            hole = {0.0: 20, 0.1: 21, 0.3: 4 if np.array_equal(image, pairs[0][0]) else 21, 0.5: shares[0.5]}[share]
            return truth & (np.arange(truth.shape[1]) >= hole)

        return answer

    monkeypatch.setattr(choosing, "train", fake_train)
    shares = {0.5: 8}
    fresh = [blobs(seed) for seed in range(5, 8)]
    choice = choose_share("unet", fresh, fresh, tmp_path, validation=pairs)
    assert choice.share == 0.5 and choice.score == "dice" and "*  0.5" in str(choice)
    assert choice.table["low"][3] > 0 > choice.table["low"][2] and choice.table["difference"][0] == 0
    shares[0.5] = 20
    choice = choose_share("unet", fresh, fresh, tmp_path, validation=pairs)
    assert choice.share == 0 and choice.table["mean"][2] > choice.table["mean"][0]  # better, but by one image


def test_a_mixture_is_drawn_by_its_share(keras, pairs, tmp_path, monkeypatch):
    from cvkit.deep import export, fitting
    from cvkit.deep.augment import Augmentation
    from cvkit.deep.data import Patches
    from cvkit.deep.target import find_target

    mixed = Mixture(pairs, copy_paste(pairs, 40, size=64), 0.25)
    assert len(mixed) == 43 and mixed.odds[:3].sum() == pytest.approx(0.75)
    ready = [(np.zeros((64, 64, 1), np.float32), np.asarray(labels)) for _, labels in mixed]
    given = {"batch": 200, "size": 16, "steps": 1, "channels": 1, "seed": 0}
    patches = Patches(ready, find_target("unet", [ready[0][1]]), Augmentation("none"), odds=mixed.odds, **given)
    drawn = np.array(patches.drawn(0))
    assert 0.15 < (drawn >= 3).mean() < 0.35
    assert [len(part) for part in (Mixture(pairs, mixed.made, 0), Mixture(pairs, mixed.made, 1))] == [3, 43]
    fitted, cards = [], []
    monkeypatch.setattr(export, "rehearse", lambda *_: (1, 1))
    monkeypatch.setattr(fitting, "fit", lambda run, card, target, images, *_: fitted.append(images) or (0, 0, [{}]))
    monkeypatch.setattr(export, "export", lambda model, folder, card, _: cards.append(card))
    cvkit.train("unet(width=4, depth=1)", mixed, tmp_path / "run", epochs=1, patch=16)
    cvkit.train("unet(width=4, depth=1)", pairs, tmp_path / "none", epochs=1, patch=16)
    assert np.array_equal(fitted[0]["odds"], mixed.odds) and fitted[1]["odds"] is None
    assert (cards[0]["pairs"], cards[0]["made"], cards[0]["share"]) == (3, 40, 0.25) and cards[1]["pairs"] == 3
    assert "on 3 images" in cards[0]["summary"] and "share" not in cards[1]
    (tmp_path / "run/state-0").touch()  # something was learnt
    with pytest.raises(CvkitError, match=r"another training \(share differ"):
        cvkit.train("unet(width=4, depth=1)", Mixture(pairs, mixed.made, 0.5), tmp_path / "run", epochs=1, patch=16)
    with pytest.raises(CvkitError, match="no made pairs"):
        Mixture(pairs, [], 0.5)


def test_a_mixture_has_slices_and_the_names_of_its_real_pairs():
    mixed = Mixture(Named("ab"), ["x", "y", "z"], 0.5)
    assert mixed[::2] == ["a", "x", "z"] and mixed[-2:] == ["y", "z"] and mixed[9:] == []
    assert mixed.classes == list(Named.classes) and Mixture(["a"], ["x"], 0.5).classes == []


def test_a_training_learns_all_classes_that_have_names(tmp_path, monkeypatch):
    from cvkit.deep import folds
    from cvkit.deep.training import _card

    image, classes = np.zeros((8, 8), np.uint8), np.eye(8, dtype=np.uint8)
    card, target = _card("unet", Mixture(Named([(image, classes)]), [(image, classes)], 0.5))
    assert card["classes"] == target.classes == list(Named.classes) and "of sky, road, car, tram, " in card["summary"]
    assert as_scenes(Named([(image, 3 * classes)])).target.classes == list(Named.classes)
    many = Named([(image, classes)])
    many.classes = [f"n{number}" for number in range(200)]
    assert "n9 and 190 other classes, " in _card("unet", many)[0]["summary"]
    learnt = []
    monkeypatch.setattr(folds, "train", lambda network, pairs, out, **_: learnt.append(pairs) or "otsu")
    folds.cross_validate("unet", Named([(image, classes > 0)] * 3), tmp_path, folds=3)
    assert [(part.classes, len(part)) for part in learnt] == [(Named.classes, 2)] * 3


def test_pasted_objects_are_whole_and_real(pairs):
    """Images say at every pixel which object it shows: after pasting, truth and image still agree."""
    from scipy import ndimage

    flat = [(np.where(labels > 0, 100 + 10 * labels, 20).astype(np.uint8), labels) for _, labels in pairs]
    for image, labels in copy_paste(flat, 6, size=48, seed=1):
        assert labels.dtype == np.int32 and set(np.unique(labels)) == set(range(labels.max() + 1))
        core = ndimage.binary_erosion(labels > 0, iterations=4)
        assert (image[core] > 60).all() and (image[ndimage.binary_erosion(labels == 0, iterations=4)] < 60).all()
    masks = copy_paste([(image, labels > 0) for image, labels in flat], 1)
    assert masks[0][1].dtype == bool
    one, other = copy_paste(flat, 2, seed=3), copy_paste(flat, 2, seed=3)
    assert all(np.array_equal(a, b) for a, b in zip(one[1], other[1], strict=True))
    with pytest.raises(CvkitError, match="objects to paste: masks or labels, got classes"):
        copy_paste([(image, (labels > 0).astype(np.uint8)) for image, labels in flat], 1)


def test_void_stays_void_when_objects_are_pasted(pairs):
    image, labels = pairs[0]
    labels = np.where(np.arange(72) < 20, -1, labels).astype(np.int32)
    made = [truth for _, truth in copy_paste([(image, labels)], 6, size=64, seed=1)]
    assert all(truth.min() == -1 and set(np.unique(truth)) == set(range(-1, truth.max() + 1)) for truth in made)
    assert max(np.mean(truth < 0) for truth in made) < 0.35  # objects may lie on it
    drawn = as_scenes([(image, labels)]).drawn(48, np.random.default_rng(0))
    assert set(np.unique(drawn)) == set(range(drawn.max() + 1))


def test_classes_are_mirrored_but_never_turned():
    image = np.zeros((32, 48), np.uint8)
    image[:10] = 200  # sky
    scenes = as_scenes([(image, (image > 0).astype(np.uint8))])
    rng = np.random.default_rng(0)
    for _ in range(8):
        truth = scenes.drawn(32, rng)
        assert truth.dtype == np.uint8 and (truth[:10] == 1).all() and (truth[10:] == 0).all()


def test_textures_tell_a_blurred_image_from_a_sharp_one():
    rng = np.random.default_rng(0)
    classes = (np.arange(48)[:, None] // 24 * np.ones((1, 48), int)).astype(np.uint8)

    def described(noise, seen=classes):
        image = 0.3 + 0.4 * classes + rng.normal(0, noise, classes.shape)
        return scores.texture(image[:, :, None], seen, 2)

    real = np.stack([described(0.05) for _ in range(12)])
    made = np.stack([described(0.05), described(0.005), described(0.05, np.zeros_like(classes))])
    near, clean, half = scores.remoteness(made, real)
    assert near < 2 and clean > 5 * near
    assert np.isnan(made[2, 5:]).all() and np.isfinite(half)
    assert scores.remoteness(real[:1], real)[0] == 0  # a copy


def test_agreement_is_of_the_kind_of_the_truth():
    truth = np.array([[0, 1, 1, 0]], np.int32)
    assert scores.agreement(np.array([[False, True, False, False]]), truth) == pytest.approx(2 / 3)
    classes = np.array([[0, 1, 2, 255]], np.uint8)
    assert scores.agreement(classes, classes) == 1
    assert scores.agreement(classes > 0, (classes > 0).astype(np.uint8)) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"side": 128}, "crops of 128 pixels need images as large, got 64"),
        ({"gan": "dcgan"}, "dcgan takes no condition"),
        ({"gan": "pix2pix(judge='stardist')"}, r"`judge` must tell \d classes apart, got stardist"),
        ({"gan": "pix2pix(judge='unat')"}, "no network is called 'unat'"),
    ],
)
def test_what_cannot_be_painted_is_refused(small, pairs, tmp_path, change, words):
    with pytest.raises(CvkitError, match=words):
        train_painter(pairs, tmp_path / "run", **{"side": 16, "epochs": 1} | change)


def test_tiles_of_one_noise_leave_no_seam():
    """A generator that shows the noise itself, on a map of classes that it brightens."""
    rng = np.random.default_rng(0)
    hot = np.stack([np.ones((40, 25)), np.arange(1000).reshape(40, 25)], axis=2).astype(np.float32)

    def paint(noise, kinds):
        return noise.reshape(-1, 16, 16) + kinds.reshape(-1, 16, 16, 2)[..., 1]

    image = mosaic(paint, hot, [16, 16, 1], 16, np.random.default_rng(1))
    noise = np.random.default_rng(1).standard_normal((40, 25, 1), np.float32)[:, :, 0]
    assert np.allclose(image, noise + hot[:, :, 1], atol=1e-4)
    styled = mosaic(lambda noise, kinds: noise[:, :1, None, None] * np.ones((1, 16, 16, 3)), hot, [8], 16, rng)
    assert styled.shape == (40, 25, 3) and np.ptp(styled) < 1e-6  # of one style


def test_only_known_maps_draw_the_image_to_the_real_one(keras):
    from cvkit.deep.regions import borrowed, distance

    condition = np.zeros((4, 2, 2, 2), np.float32)
    condition[1, ..., 0] = condition[3, ..., 1] = 1
    lent = np.asarray(borrowed(condition))
    assert np.array_equal(lent[[1, 3]], condition[[1, 3]])
    assert np.array_equal(lent[0], condition[1]) and np.array_equal(lent[2], condition[1])
    assert np.array_equal(np.asarray(borrowed(condition * 0)), condition * 0)
    fake, real = np.ones((4, 2, 2, 1), np.float32), np.zeros((4, 2, 2, 1), np.float32)
    assert float(distance(fake, real, condition)) == 0.5 and float(distance(fake, real, None)) == 1


def test_a_verdict_by_hand(keras):
    """Two classes and "made": a known pixel of each class, and one of which nothing is known."""
    from cvkit.deep.regions import Verdict

    probabilities = np.array([[[[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.5, 0.4, 0.1]]]], np.float32)
    kinds = np.array([[[[1, 0], [0, 1], [0, 0]]]], np.float32)
    found = np.asarray(Verdict()(probabilities, kinds))[0, 0]
    assert np.allclose(found[:, 0], np.log([0.5, 0.6, 0.9]), atol=1e-5)
    assert np.allclose(found[:, 1], -np.log([0.2, 0.3, 0.1]), atol=1e-5)
    lone = np.array([[[[1, 0], [1, 0], [0, 1]]]], np.float32)  # the rarer class counts twice the other
    weights = np.asarray(Verdict()(probabilities, lone))[0, 0, :, 0] / np.log([0.5, 0.1, 0.4])
    assert np.allclose(weights, [0.75, 0.75, 1.5], atol=1e-5)
