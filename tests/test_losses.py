"""Losses and Keras metrics against numbers counted by hand and numpy."""

import numpy as np
import pytest

from cvkit.compare import metrics


def test_loss_by_hand(keras):
    from cvkit.deep.losses import cross_entropy_dice

    truth = np.array([[[0, 1], [1, 255]]], np.uint8)
    p = np.array([[[0.2, 0.8], [0.6, 0.9]]], np.float32)[..., None]  # of class 1; the last pixel is void
    entropy = -(np.log(0.8) + np.log(0.8) + np.log(0.6)) / 3
    # Class 0: both .8, either 1 + (.8 + .2 + .4). Class 1: both .8 + .6, either 2 + (.2 + .8 + .6). One added to each.
    dice = ((2 * 0.8 + 1) / (1 + 1.4 + 1) + (2 * 1.4 + 1) / (2 + 1.6 + 1)) / 2
    assert float(cross_entropy_dice(truth, p)) == pytest.approx(entropy + 1 - dice, rel=1e-5)
    assert float(cross_entropy_dice(np.full((1, 2, 2), 255, np.uint8), p)) == pytest.approx(0, abs=1e-6)


def test_keras_dice_is_that_of_the_comparison(keras):
    from cvkit.deep.metrics import Dice

    rng = np.random.default_rng(0)
    truth, p = rng.random((3, 20, 20)) < 0.4, rng.random((3, 20, 20, 1), np.float32)
    metric = Dice(1)
    for one, other in zip(truth, p, strict=True):
        metric.update_state(one[None].astype(np.uint8), other[None])
    assert float(metric.result()) == pytest.approx(
        metrics.dice(truth.reshape(60, 20), p.reshape(60, 20) > 0.5), rel=1e-6
    )
