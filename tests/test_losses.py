"""Losses and Keras metrics against numbers counted by hand and slow twins in numpy."""

import numpy as np
import pytest
from scipy import ndimage

from cvkit.compare import metrics

NAMES = ["cross_entropy", "focal", "dice", "tversky", "focal_tversky", "lovasz", "boundary", "cldice"]


@pytest.fixture(scope="module")
def losses(keras):
    from cvkit.deep import losses

    return losses


def scene(classes=3, seed=0):
    """Truths with void, and probabilities."""
    rng = np.random.default_rng(seed)
    truth = ndimage.gaussian_filter(rng.random((classes, 2, 24, 20)), (0, 0, 2, 2)).argmax(axis=0).astype(np.uint8)
    truth[0, 3:9, 4:12] = 255
    p = rng.random((2, 24, 20, classes)).astype(np.float32)
    return truth, p / p.sum(axis=3, keepdims=True)


def test_losses_of_four_pixels_by_hand(losses):
    truth = np.array([[[0, 1], [1, 255]]], np.uint8)
    p = np.array([[[0.2, 0.8], [0.6, 0.9]]], np.float32)[..., None]  # of class 1; the last pixel is void
    entropy = -(np.log(0.8) + np.log(0.8) + np.log(0.6)) / 3
    assert float(losses.cross_entropy(truth, p)) == pytest.approx(entropy, rel=1e-5)
    # Class 0: hit .8, said .8 + .2 + .4, there 1. Class 1: hit .8 + .6, said .2 + .8 + .6, there 2.
    index = ((2 * 0.8 + 1) / (1 + 1.4 + 1) + (2 * 1.4 + 1) / (2 + 1.6 + 1)) / 2
    assert float(losses.dice(truth, p)) == pytest.approx(1 - index, rel=1e-5)
    focal = -(np.log(0.8) * 0.04 + np.log(0.8) * 0.04 + np.log(0.6) * 0.16) / 3
    assert float(losses.focal(truth, p)) == pytest.approx(focal, rel=1e-5)
    weighed = -(np.log(0.8) + 3 * np.log(0.8) + 3 * np.log(0.6)) / 7
    assert float(losses.cross_entropy(truth, p, [1, 3])) == pytest.approx(weighed, rel=1e-5)
    first = 1 - (0.8 + 1) / (0.8 + 0.3 * 0.6 + 0.7 * 0.2 + 1)
    second = 1 - (1.4 + 1) / (1.4 + 0.3 * 0.2 + 0.7 * 0.6 + 1)
    assert float(losses.tversky(truth, p)) == pytest.approx((first + second) / 2, rel=1e-5)
    assert float(losses.tversky(truth, p, [0, 1])) == pytest.approx(second, rel=1e-5)
    assert float(losses.focal_tversky(truth, p, gamma=2)) == pytest.approx((first**0.5 + second**0.5) / 2, rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weights", [None, [1, 2, 0.5]])
def test_void_is_left_out_and_gradients_are_finite(losses, name, weights):
    import tensorflow as tf

    truth, p = scene()
    other = np.where((truth == 255)[..., None], np.roll(p, 1, axis=3), p)
    given, moved = (tf.Variable(values) for values in (p, other))
    with tf.GradientTape() as tape:
        loss = getattr(losses, name)(truth, given, weights)
    assert float(loss) == pytest.approx(float(getattr(losses, name)(truth, moved, weights)), abs=1e-6)
    slope = tape.gradient(loss, given).numpy()
    assert np.isfinite(slope).all() and (slope[truth != 255] != 0).any() and not slope[truth == 255].any()


def test_a_root_has_a_slope_where_the_truth_is_known_for_sure(losses):
    import tensorflow as tf

    truth, given = np.array([[[0, 1]]], np.uint8), tf.Variable(np.float32([[[[1, 0], [0, 1]]]]))
    with tf.GradientTape() as tape:
        loss = losses.focal(truth, given, gamma=0.5)
    assert float(loss) == pytest.approx(0, abs=1e-6) and np.isfinite(tape.gradient(loss, given)).all()


@pytest.mark.parametrize("name", ["boundary", "cldice"])
def test_where_the_background_alone_counts_the_others_cost_nothing(losses, name):
    assert float(getattr(losses, name)(*scene(), [1, 0, 0])) == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_truth_costs_less_than_anything_and_void_alone_nothing(losses, name):
    truth, p = scene()
    right = np.eye(3, dtype=np.float32)[np.where(truth == 255, 0, truth)]
    loss = getattr(losses, name)
    assert float(loss(truth, right)) < float(loss(truth, p)) - 0.03
    if name != "boundary":
        assert float(loss(truth, right)) == pytest.approx(0, abs=0.01 if name == "cldice" else 1e-4)
    assert float(loss(np.full_like(truth, 255), p)) == pytest.approx(0, abs=1e-4)


def test_lovasz_is_the_extension_of_the_jaccard_loss(losses):
    truth, p = scene()
    hard = np.eye(3, dtype=np.float32)[p.argmax(axis=3)]
    valid = truth != 255
    iou = metrics.mean_iou(truth.reshape(48, 20), hard.argmax(axis=3).reshape(48, 20).astype(np.uint8))
    assert float(losses.lovasz(truth, hard)) == pytest.approx(1 - iou, rel=1e-5)
    slow = []
    for one in range(3):  # the sum over pixels, largest error first, of what each adds to one minus the IoU
        there, errors = (truth == one)[valid], np.abs((truth == one)[valid] - p[..., one][valid])
        order, wrong, before, total = np.argsort(-errors), np.zeros(len(errors), bool), 0.0, 0.0
        for pixel in order:
            wrong[pixel] = True
            now = 1 - (there & ~wrong).sum() / (there | wrong).sum()
            total, before = total + errors[pixel] * (now - before), now
        slow.append(total)
    assert float(losses.lovasz(truth, p)) == pytest.approx(np.mean(slow), rel=1e-4)


def test_boundary_weighs_by_the_distance_to_the_outline(losses):
    truth, p = scene()
    slow = []
    for one in (1, 2):
        signed = np.zeros(truth.shape)
        for image, there in enumerate(truth == one):
            outside = np.minimum(ndimage.distance_transform_edt(~there), 5)
            inside = np.minimum(ndimage.distance_transform_edt(there | (truth[image] == 255)), 5)
            signed[image] = np.where(there, 1 - inside, outside) / 5
        slow.append((signed * p[..., one])[truth != 255].mean())
    assert float(losses.boundary(truth, p, reach=5)) == pytest.approx(np.mean(slow), rel=1e-4)


def test_skeleton_is_that_of_the_morphology(losses):
    image = scene()[1][0, :, :, 0]
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)

    def ridge(x):
        worn = ndimage.grey_erosion(x, footprint=cross, mode="nearest")
        return worn, np.maximum(x - ndimage.grey_dilation(worn, (3, 3), mode="nearest"), 0)

    worn, slow = ridge(image)
    for _ in range(3):
        worn, more = ridge(worn)
        slow = slow + (1 - slow) * more
    assert np.allclose(losses.soft_skeleton(image[None, :, :, None], 3)[0, :, :, 0], slow, atol=1e-6)


def test_cldice_tells_a_gap_from_a_thin_line(losses):
    truth = np.zeros((1, 20, 40), np.uint8)
    truth[0, 8:13] = 1
    gap, thin = truth.astype(np.float32), np.zeros(truth.shape, np.float32)
    gap[0, :, 10:30], thin[0, 10] = 0, 1
    assert float(losses.cldice(truth, thin[..., None])) < 0.05 < float(losses.cldice(truth, gap[..., None]))


def test_sums_are_read_from_text(losses):
    truth, p = scene()
    found = losses.find_loss("cross_entropy + 0.5*tversky(alpha=0.4, beta=0.6) + 2*lovasz", [1, 2, 3])(truth, p)
    by_hand = losses.cross_entropy(truth, p, [1, 2, 3]) + 2 * losses.lovasz(truth, p, [1, 2, 3])
    by_hand += 0.5 * losses.tversky(truth, p, [1, 2, 3], alpha=0.4, beta=0.6)
    assert float(found) == pytest.approx(float(by_hand), rel=1e-6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dise", "no loss is called 'dise'; did you mean 'dice'?"),
        ("dice +", "is no sum of losses"),
        ("dice - focal", "write 'NAME', '0.5\\*NAME'"),
        ("focal(3)", "write 'NAME'"),
        ("focal(gamma='2')", "write 'NAME'"),
        ("dice(gamma=2)", "the loss dice takes smooth, got gamma"),
        ("__import__('os').system('true')", "write 'NAME'"),
        ("find_loss", "no loss is called 'find_loss'"),
    ],
)
def test_other_texts_are_refused(losses, text, words):
    with pytest.raises(ValueError, match=words):
        losses.find_loss(text)


def test_keras_metrics_are_those_of_the_comparison(keras):
    from cvkit.deep.metrics import Dice, MeanIoU

    rng = np.random.default_rng(0)
    truth, p = rng.random((3, 20, 20)) < 0.4, rng.random((3, 20, 20, 1), np.float32)
    metric = Dice(1)
    for one, other in zip(truth, p, strict=True):
        metric.update_state(one[None].astype(np.uint8), other[None])
    expected = metrics.dice(truth.reshape(60, 20), p.reshape(60, 20) > 0.5)
    assert float(metric.result()) == pytest.approx(expected, rel=1e-6)
    truth, p = scene(5)
    truth[truth == 4] = 1
    p[..., 4] = 0  # a class that neither side holds is left out
    metric = MeanIoU(5)
    metric.update_state(truth, p)
    expected = metrics.mean_iou(truth.reshape(48, 20), p.argmax(axis=3).reshape(48, 20).astype(np.uint8))
    assert float(metric.result()) == pytest.approx(expected, rel=1e-6)
    empty = Dice(2)
    empty.update_state(np.zeros((1, 4, 4), np.uint8), np.tile(np.float32([1, 0]), (1, 4, 4, 1)))
    assert float(empty.result()) == 1
