"""Stars: what the network learns, how it is built, and how objects come back."""

import shutil

import cv2
import numpy as np
import pytest
from scenes import blobs

import cvkit
from cvkit.classic.components import label
from cvkit.compare import metrics, objects
from cvkit.deep import predict, read_card, tiles
from cvkit.deep.star_objects import Stars, divide, gauge, star_objects, suppress
from cvkit.deep.stars import GRID, UNIT, depths, directions, star_distances

RAYS = 32


def by_walking(labels, rays, step=0.05):
    """The slow twin: walk along each ray in small steps until the pixel belongs to something else."""
    distances = np.zeros((*labels[::GRID, ::GRID].shape, rays))
    height, width = labels.shape
    for row, col in np.argwhere(labels[::GRID, ::GRID] > 0):
        for ray, (down, right) in enumerate(directions(rays)):
            gone = 0.0
            while True:
                gone += step
                y, x = np.floor(GRID * row + gone * down + 0.5), np.floor(GRID * col + gone * right + 0.5)
                outside = not (0 <= y < height and 0 <= x < width) or labels[int(y), int(x)] < 0
                if outside or labels[int(y), int(x)] != labels[GRID * row, GRID * col]:
                    distances[row, col, ray] = -1 if outside else gone
                    break
    return distances


def test_distances_are_those_of_a_walk():
    labels = blobs(3, shape=(31, 46))[1]
    labels[:, 40:] = -1
    fast, slow = star_distances(labels, 16), by_walking(labels, 16)
    assert fast.shape == slow.shape == (16, 23, 16) and fast.dtype == np.float32
    inside = (labels > 0)[::GRID, ::GRID]
    assert not fast[~inside].any() and inside.any()
    assert ((fast < 0) == (slow < 0))[inside].mean() > 0.98  # a ray may graze what it ends at
    both = inside[:, :, None] & (fast > 0) & (slow > 0)
    assert np.abs(fast - slow)[both].mean() < 0.3 and np.percentile(np.abs(fast - slow)[both], 98) < 1.1
    assert abs((fast - slow)[both].mean()) < 0.1


def test_distances_along_rows_and_columns_by_hand():
    labels = np.zeros((7, 9), np.int32)
    labels[1:6, 2:8], labels[1:6, 8] = 4, 9
    assert star_distances(labels, 4)[1, 2].tolist() == [3.5, 3.5, 2.5, 1.5]  # of pixel (2, 4)
    labels[1:6, 0:2] = -1
    assert star_distances(labels, 4)[1, 2].tolist() == [3.5, 3.5, -1, 1.5]


def test_depth_is_one_in_the_middle_and_void_is_no_border():
    labels = np.zeros((9, 20), np.int32)
    labels[1:8, 1:8], labels[1:8, 8:15] = 1, 2
    depth = depths(labels)
    assert depth[4, 4] == depth[4, 11] == 1 and depth[4, 7] == depth[4, 8] == 0.25 and depth[0].max() == 0
    labels[labels == 2] = -1
    assert depths(labels)[4, 7] == 1


def circles(shape=(120, 150)):
    """Round objects, some of them touching."""
    labels = np.zeros(shape, np.int32)
    for number, (row, col, radius) in enumerate(
        [(30, 30, 12), (30, 55, 13), (52, 42, 11), (80, 100, 17), (95, 40, 6)], 1
    ):
        cv2.circle(labels, (col, row), radius, number, -1)
    return labels


def test_ideal_stars_give_the_objects_back():
    truth = circles()
    said = np.zeros((*truth.shape, 1 + RAYS), np.float32)
    said[:, :, 0] = depths(truth)
    said[::GRID, ::GRID, 1:] = star_distances(truth, RAYS) / UNIT
    parts = label(truth > 0)
    labels = star_objects(said, parts)
    assert parts.max() < 5 and labels.dtype == np.int32 and labels.max() == 5 and ((labels > 0) == (truth > 0)).all()
    assert objects.average_precision(truth, labels, iou=0.95) == 1
    assert np.array_equal(star_objects(said, parts, star=1.0), parts)  # no star is that probable


def test_what_holds_one_star_or_none_stays_as_it_is():
    parts = np.zeros((20, 60), np.int32)
    parts[2:18, 2:18], parts[2:18, 22:38], parts[2:18, 40:58] = 1, 2, 3
    stars = Stars(np.array([[10, 10], [10, 44], [10, 54]]), np.full((3, 8), 5.0), np.ones(3))
    labels = divide(parts, stars)
    assert np.array_equal(labels[:, :39], parts[:, :39])
    assert set(np.unique(labels[:, 39:])) == {0, 4, 5} and (labels[2:18, 40:49] == 4).all()  # halfway


def scattered(count, seed=0):
    rng = np.random.default_rng(seed)
    distances = rng.uniform(4, 12, (count, 1)) * rng.uniform(0.7, 1.3, (count, 16))
    return Stars(rng.integers(20, 100, (count, 2)), distances.astype(np.float32), np.sort(rng.random(count))[::-1])


def test_gauge_says_what_lies_in_the_polygon():
    stars = scattered(20)
    for distances in stars.distances:
        corners = directions(16) * distances[:, None]
        polygon = np.round(corners[:, ::-1] * 1000).astype(np.int32)  # x before y
        inside = gauge(distances, 14) <= 1
        for row, col in [(0, 0), (3, -4), (-9, 2), (7, 7), (-1, 12), (5, -11)]:
            away = cv2.pointPolygonTest(polygon, (col * 1000.0, row * 1000.0), True)
            assert abs(away) < 5 or inside[14 + row, 14 + col] == (away > 0)


@pytest.mark.parametrize("overlap", [0.0, 0.3, 0.5])
def test_suppression_is_that_of_asking_every_pair(overlap):
    stars = scattered(60)
    masks = np.zeros((60, 120, 120), bool)
    for mask, (row, col), distances in zip(masks, stars.centres, stars.distances, strict=True):
        mask[row - 16 : row + 17, col - 16 : col + 17] = gauge(distances, 16) <= 1
    kept = []
    for index, mask in enumerate(masks):
        shares = [(mask & masks[other]).sum() / min(mask.sum(), masks[other].sum()) for other in kept]
        if not shares or max(shares) <= overlap:
            kept.append(index)
    assert suppress(stars, overlap).tolist() == kept and 1 < len(kept) < 60


def test_without_stars_pixels_decide():
    said = np.zeros((11, 14, 1 + RAYS), np.float32)
    assert not star_objects(said, np.zeros((11, 14), np.int32)).any()
    assert (star_objects(said, np.ones((11, 14), np.int32)) == 1).all()


@pytest.fixture(scope="module")
def small(keras):
    from cvkit.deep.networks import stardist

    keras.utils.set_random_seed(0)
    return stardist.build((None, None, 1), width=4, depth=2)


@pytest.mark.parametrize("shape", [(33, 51, 1), (1, 1, 1), (7, 2, 1)])
def test_network_takes_every_size(small, keras, shape):
    said = keras.ops.convert_to_numpy(small(np.random.default_rng(0).random((2, *shape), np.float32)))
    assert said.shape == (2, *shape[:2], 3 + 1 + RAYS) and said.dtype == np.float32
    assert np.allclose(said[..., :3].sum(axis=3), 1, atol=1e-5) and said[..., :4].max() <= 1 and said.min() >= 0


def test_network_has_the_parameters_that_its_docstring_counts(keras):
    from cvkit.deep.networks import stardist

    assert round(stardist.build().count_params() / 1e6, 1) == 0.8


def test_loss_by_hand_and_void_left_out(keras):
    from cvkit.deep.losses import cross_entropy, dice
    from cvkit.deep.networks import stardist

    labels = np.zeros((16, 18), np.int32)
    labels[3:12, 2:11], labels[:, 15:] = 1, -1
    truth = stardist.targets(labels)[None]
    assert set(np.unique(truth[..., 0])) == {0, 1, 255}
    said = np.zeros((1, 16, 18, 3 + 1 + RAYS), np.float32)
    said[..., :3], said[..., 3], said[..., 4:] = [0.7, 0.2, 0.1], 0.25, 5 / UNIT
    depth, distances = truth[0, ::GRID, ::GRID, 1], truth[0, ::GRID, ::GRID, 2:]
    entropy = -(depth * np.log(0.25) + (1 - depth) * np.log(0.75))[truth[0, ::GRID, ::GRID, 0] != 255].mean()
    weight = (distances >= 0) * depth[:, :, None]
    pixels = truth[..., 0], said[..., :3]
    expected = (
        cross_entropy(*pixels) + dice(*pixels) + entropy + 0.2 * (weight * np.abs(distances - 5)).sum() / weight.sum()
    )
    assert float(stardist.loss(truth, said)) == pytest.approx(float(expected), rel=1e-5)
    said[:, :, 16:] = 0.1  # not of 15: the grid's pixel 14 says the same
    assert float(stardist.loss(truth, said)) == pytest.approx(float(expected), rel=1e-5)


@pytest.fixture(scope="module")
def trained(keras, tmp_path_factory):
    pairs = [blobs(seed, shape=(64, 64)) for seed in range(4)]
    out = tmp_path_factory.mktemp("stars") / "run"
    return cvkit.train("stardist(width=4, depth=2) | remove_small(area=5)", pairs, out, epochs=4, patch=32)


def test_training_gives_a_model_of_labels(trained):
    card = read_card(trained)
    assert card["answer"] == "labels" and card["classes"] == ["background", "object", "contact"]
    image, truth = blobs(9, shape=(70, 64))
    labels = cvkit.segment(image, trained)
    assert labels.dtype == np.int32 and metrics.dice(truth > 0, labels > 0) > 0.7
    assert cvkit.Pipeline(str(trained)).gives == "labels"
    assert predict.probabilities(image, trained).shape == (70, 64, 3)
    assert cvkit.segment(image, trained, threshold=0.9).astype(bool).sum() < (labels > 0).sum()


def test_tuning_chooses_stars_too(trained, tmp_path):
    model = shutil.copytree(trained, tmp_path / "model")
    card = cvkit.deep.tune_model(model, [blobs(5, shape=(64, 64))])
    assert {"threshold", "star", "overlap"} <= set(card) and card["tuned"]["aim"] == "objects"
    assert 0 < card["tuned"]["score"] <= 1


def test_tiles_of_stars_are_exact(trained, monkeypatch):
    image = np.random.default_rng(1).random((150, 210)).astype(np.float32)
    whole = predict.outputs(image, trained)
    monkeypatch.setattr(tiles, "SMALL", 1)
    monkeypatch.setattr(tiles, "LARGE", 1)
    monkeypatch.setattr(tiles, "NARROW", 32)
    assert np.allclose(predict.outputs(image, trained), whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", [(40, 52), (41, 51)])
def test_views_of_a_turned_image_are_the_turned_views(trained, shape):
    image = np.random.default_rng(2).random(shape).astype(np.float32)
    if shape[0] % 2 == 0:
        image = np.pad(image, [(0, 1), (0, 1)], mode="edge")  # what is done to even sides
    said = predict.outputs(image, trained, augment=True)[::GRID, ::GRID]
    turned = predict.outputs(np.rot90(image), trained, augment=True)[::GRID, ::GRID]
    mirrored = predict.outputs(image[:, ::-1], trained, augment=True)[::GRID, ::GRID]
    rays = 4 + np.arange(RAYS)
    assert np.allclose(np.rot90(said)[:, :, :4], turned[:, :, :4], atol=1e-5)
    assert np.allclose(np.rot90(said)[:, :, rays], np.roll(turned[:, :, rays], RAYS // 4, axis=2), atol=1e-5)
    assert np.allclose(said[:, ::-1, rays], mirrored[:, :, 4 + (RAYS // 2 - np.arange(RAYS)) % RAYS], atol=1e-5)
