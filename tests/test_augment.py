"""Augmentation and patches: image and truth warped alike, and what a network learns from them."""

import numpy as np
import pytest
from scenes import blobs

from cvkit.deep.augment import PRESETS, Augmentation
from cvkit.deep.colour import COLOURS, STAINS, stain
from cvkit.deep.target import find_target, part
from cvkit.errors import CvkitError


@pytest.mark.parametrize("text", ["none", "strong", "flip | elastic(p=1, shift=2)"])
def test_image_and_truth_are_warped_alike(text):
    labels = blobs(shape=(90, 90))[1]
    classes = (labels > 0).astype(np.uint8)
    image = classes[:, :, None].astype(np.float32)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        patch, answer = Augmentation(text).cut(image, classes, rng, centre=(30, 50), size=40)
        assert patch.shape == (40, 40, 1) and set(np.unique(answer)) <= {0, 1, 255}
        known = answer != 255
        assert ((patch[:, :, 0] > 0.5) == (answer == 1))[known].mean() > 0.97
    patch, answer = Augmentation(text)(image, classes, rng, centre=(0, 0), size=40)
    assert (answer == 255).mean() > 0.4 and np.isfinite(patch).all()


def test_no_augmentation_cuts_the_patch_as_it_is():
    image = np.random.default_rng(0).random((50, 60, 3), np.float32)
    truth = np.arange(3000, dtype=np.int32).reshape(50, 60) * 700  # wider than 16 bits
    patch, answer = Augmentation("none")(image, truth, np.random.default_rng(0), centre=(16, 20), size=33)
    assert np.array_equal(patch, image[:33, 4:37]) and np.array_equal(answer, truth[:33, 4:37])
    answer = Augmentation("none")(image, truth, np.random.default_rng(0), centre=(0, 0), size=33)[1]
    assert answer.dtype == np.int32 and (answer[:16] == -1).all() and (answer[16:, 16:] == truth[:17, :17]).all()


@pytest.mark.parametrize("size", [24, 25])
@pytest.mark.parametrize(
    ("text", "alike"),
    [
        ("flip", [lambda x: x, lambda x: x[:, ::-1]]),
        ("flip(vertical=True)", [lambda x: x[::-1], lambda x: x[::-1, ::-1]]),
    ],
)
def test_flips_are_exact(size, text, alike):
    image = np.random.default_rng(0).random((50, 60, 1), np.float32)
    plain = image[25 - size // 2 : 25 + (size + 1) // 2, 30 - size // 2 : 30 + (size + 1) // 2]
    found = []
    for seed in range(12):
        patch, _ = Augmentation(text)(
            image,
            np.zeros((50, 60), np.uint8),
            np.random.default_rng(seed),
            centre=(24.5 + size % 2 / 2, 29.5 + size % 2 / 2),
            size=size,
        )
        found.append([np.allclose(patch, change(plain), atol=1e-5) for change in alike])
    assert np.any(found, axis=0).all()
    if text == "flip":
        assert np.any(found, axis=1).all()


def test_scale_and_rotation_keep_within_their_bounds():
    rows, cols = np.mgrid[:200, :200].astype(np.float32)
    image, truth = np.stack([rows, cols], axis=2), np.zeros((200, 200), np.uint8)
    angles, scales = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        patch, _ = Augmentation("rotate(degrees=10) | scale(factor=1.5)").cut(
            image, truth, rng, centre=(100, 100), size=40
        )
        down, right = patch[-1, 0, :2] - patch[0, 0, :2]  # one side of the patch, in pixels of the image
        angles.append(np.degrees(np.arctan2(right, down)))
        scales.append(39 / np.hypot(down, right))
    assert 7 < np.abs(angles).max() <= 10.1 and 0.66 <= min(scales) < 0.8 and 1.3 < max(scales) <= 1.51


@pytest.mark.parametrize("name", COLOURS)
def test_colours_keep_shape_and_grey(name):
    for channels in (1, 3):
        image = np.random.default_rng(0).random((20, 30, channels), np.float32)
        before = image.copy()
        step = Augmentation(f"{name}(p=1)")
        changed = step.recolour(image, np.random.default_rng(1))
        assert changed.shape == image.shape and changed.dtype == np.float32 and np.isfinite(changed).all()
        assert np.array_equal(image, before)
        assert np.array_equal(changed, step.recolour(image, np.random.default_rng(1)))
        assert not np.array_equal(changed, image) or (channels == 1 and name in ("tint", "stain"))


def test_stains_are_taken_apart_and_put_together():
    amounts = np.random.default_rng(0).uniform(0, 1, (8, 9, 3)) * [1, 1, 0]
    image = np.exp(-amounts @ STAINS).astype(np.float32)
    assert np.allclose(stain(image, np.random.default_rng(0), factor=1, by=0), image, atol=1e-5)
    changed = -np.log(stain(image, np.random.default_rng(0), factor=1.5, by=0)) @ np.linalg.inv(STAINS)
    gains = changed[..., :2] / amounts[..., :2]
    assert np.allclose(gains, gains[0, 0], rtol=1e-3) and (np.abs(np.log(gains[0, 0])) <= np.log(1.501)).all()


def test_noise_has_the_strength_that_it_is_given():
    image = np.full((200, 200, 1), 0.5, np.float32)
    levels = [
        Augmentation("noise(sigma=0.2, p=1)").recolour(image, np.random.default_rng(seed)).std() for seed in range(20)
    ]
    assert max(levels) <= 0.205 and max(levels) > 0.15 and min(levels) < 0.06


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rotat", "no step of augmentation is called 'rotat'; did you mean 'rotate'?"),
        ("rotate(angle=3)", "rotate takes degrees, p, got angle"),
        ("blur(p=2)", "expected numbers of at least 0, and `p` of at most 1"),
        ("blur(sigma='a')", "expected numbers"),
    ],
)
def test_other_texts_are_refused(text, words):
    with pytest.raises(ValueError, match=words):
        Augmentation(text)


def test_presets_may_be_part_of_a_text():
    assert len(Augmentation("strong | stain").colours) == len(Augmentation("strong").colours) + 1
    assert all(Augmentation(preset) for preset in PRESETS)


def encode(truth):
    target = find_target("unet", [truth])
    return target.encode(target.ready(truth))


def test_truths_of_every_kind_become_classes(keras):
    labels = np.zeros((9, 12), np.int32)
    labels[2:7, 1:6], labels[2:7, 6:11] = 1, 2
    classes = encode(labels)
    assert set(np.unique(classes)) == {0, 1, 2} and classes[4, 5] == classes[4, 6] == 2 and classes[4, 2] == 1
    assert encode(labels.astype(np.uint16)).tolist() == classes.tolist()
    assert encode(labels > 0).max() == 1
    assert encode(np.array([[0, 3, 1, 255]], np.uint8)).tolist() == [[0, 3, 1, 255]]
    with pytest.raises(TypeError, match="mask, int32 labels or uint8 classes"):
        encode(np.ones((3, 3)))
    labels[0] = -1
    assert (part(labels)[0] == 255).all() and np.array_equal(part(labels)[1:], classes[1:])


def test_names_of_classes_say_how_many_there_are():
    truths, names = [np.array([[0, 1, 62, 255]], np.uint8)], [f"thing {number}" for number in range(81)]
    assert find_target("unet", truths, names).fields()["classes"] == names
    with pytest.raises(CvkitError, match=r"the values 0, 1, 62 besides 255, void; .*without gaps, or name all"):
        find_target("unet", truths)
    target = find_target("unet", [np.array([[0, 1]], np.uint8)], ["sky", "road", "car"])
    assert target.ready(np.array([[2, 255]], np.uint8)).tolist() == [[2, 255]]  # as a pair to validate on
    with pytest.raises(CvkitError, match=r"holds class 3, those learnt are 0..2; .*pairs that show the class"):
        target.ready(np.array([[3]], np.uint8))
    with pytest.raises(CvkitError, match='read them all with kind="classes"'):
        target.ready(np.array([[True]]))


def test_labels_may_hold_void():
    labels = np.zeros((9, 12), np.int64)
    labels[2:7, 1:6], labels[:, 8:] = 4, -1
    classes = encode(labels)
    assert (classes[:, 8:] == 255).all() and set(np.unique(classes[:, :8])) == {0, 1}
    with pytest.raises(CvkitError, match="every truth is empty"):
        encode(np.minimum(labels, 0))
    with pytest.raises(CvkitError, match="`truth` must hold 0 for what is no object"):
        encode(2 * labels)


def test_patches_repeat_and_hold_rare_classes(keras):
    from cvkit.deep.data import Patches

    image, truth = np.zeros((200, 200, 1), np.float32), np.ones((200, 200), np.uint8)
    truth[:, :100], truth[50:53, 50:53] = 0, 2
    target = find_target("unet", [truth])
    arguments = {"batch": 8, "size": 16, "steps": 3, "channels": 3, "seed": 4}
    patches, again = (Patches([(image, truth)], target, Augmentation("strong"), **arguments) for _ in range(2))
    for one, other in zip(patches[1], again[1], strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(patches[0][1], patches[1][1]) and patches[0][0].shape == (8, 16, 16, 3)
    again.epoch = 1
    assert not np.array_equal(patches[0][1], again[0][1])
    assert np.mean([(answer == 2).any() for step in range(12) for answer in patches[step][1]]) > 0.2
    assert patches.drawn(0) == [0] * 8


def test_unlabelled_images_are_seen_twice_by_one_warp(keras):
    from cvkit.deep.data import Patches

    image = blobs(shape=(60, 60))[0][:, :, None].astype(np.float32) / 255
    truth = (image[:, :, 0] > 0.4).astype(np.uint8)
    patches = Patches(
        [(image, truth)], find_target("unet", [truth]), Augmentation("strong"),
        batch=4, size=32, steps=2, channels=1, seed=0, unlabelled=[image],
    )  # fmt: skip
    (images, weak, strong, seen), answers = patches[0]
    assert images.shape == weak.shape == strong.shape and seen.shape == answers.shape and 0 < seen.mean() <= 1
    assert not np.array_equal(weak, strong)
    assert min(np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in zip(weak, strong, strict=True)) > 0.7
