"""Patches: image and truth warped alike, and what a network learns from them."""

import numpy as np
import pytest
from scenes import blobs


def test_patches_warp_image_and_truth_alike(keras):
    from cvkit.deep.augment import warp

    labels = blobs(shape=(90, 90))[1]
    classes = (labels > 0).astype(np.uint8)
    image = classes[:, :, None].astype(np.float32)
    for seed in range(5):
        patch, answer = warp(image, classes, np.random.default_rng(seed), centre=(30, 50), size=40)
        assert patch.shape == (40, 40, 1) and set(np.unique(answer)) <= {0, 1, 255}
        known = answer != 255
        assert ((patch[:, :, 0] > 0.5) == (answer == 1))[known].mean() > 0.97
    assert (answer == 255).any() or known.all()


def test_truths_of_every_kind_become_classes(keras):
    from cvkit.deep.target import find_target

    def ready(truth):
        target = find_target("unet", [truth])
        return target.encode(target.ready(truth))

    labels = np.zeros((9, 12), np.int32)
    labels[2:7, 1:6], labels[2:7, 6:11] = 1, 2
    classes = ready(labels)
    assert set(np.unique(classes)) == {0, 1, 2} and classes[4, 5] == classes[4, 6] == 2 and classes[4, 2] == 1
    assert ready(labels.astype(np.uint16)).tolist() == classes.tolist()
    assert ready(labels > 0).max() == 1
    assert ready(np.array([[3, 255]], np.uint8)).tolist() == [[3, 255]]
    with pytest.raises(TypeError, match="mask, int32 labels or uint8 classes"):
        ready(np.zeros((3, 3)))


def test_labels_are_warped_whole(keras):
    from cvkit.deep.augment import warp

    labels = blobs(shape=(90, 90))[1] * 40_000  # wider than 16 bits
    image = (labels > 0).astype(np.float32)[:, :, None]
    truth = warp(image, labels, np.random.default_rng(1), centre=(10, 10), size=60)[1]
    assert truth.dtype == np.int32 and set(np.unique(truth)) <= {-1, *np.unique(labels)} and (truth == -1).any()
