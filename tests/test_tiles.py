"""Tiles: cut so that the least is computed twice, exact where the network allows, blended where it does not."""

from itertools import pairwise

import numpy as np
import pytest

import cvkit
from cvkit import registry
from cvkit.deep import predict, read_card, tiles
from cvkit.deep.tiles import plan, tiled

SIZES = [(360, 360), (520, 696), (1024, 1024), (4096, 4096), (30, 9000), (3001, 203), (1, 1), (1000, 3001)]


@pytest.mark.parametrize(("halo", "stride"), [(0, 1), (48, 8), (96, 16), (192, 32)])
@pytest.mark.parametrize("size", SIZES)
def test_tiles_cover_the_image_once_and_see_a_halo(size, halo, stride):
    for parts, side in zip(plan(*size, halo, stride), size, strict=True):
        assert parts[0][1].start == 0 and parts[-1][1].stop == side
        assert all(one[1].stop == other[1].start for one, other in pairwise(parts))
        for seen, kept in parts:
            assert seen.start % stride == 0 and 0 <= seen.start <= kept.start < kept.stop <= seen.stop <= side
            assert seen.start == 0 or kept.start - seen.start >= halo
            assert seen.stop == side or seen.stop - kept.stop >= halo


def cost(height, width, halo, stride):
    """Pixels that are computed, for each pixel of the image; and those of the largest tile."""
    rows, cols = ([seen.stop - seen.start for seen, _ in parts] for parts in plan(height, width, halo, stride))
    return sum(rows) * sum(cols) / (height * width), max(rows) * max(cols)


def test_little_is_computed_twice_and_a_tile_is_bounded():
    assert cost(4096, 4096, 96, 16)[0] <= 1.45 and cost(360, 360, 96, 16)[0] == 1 and cost(520, 696, 96, 16)[0] < 1.6
    assert all(cost(*size, 96, 16)[1] <= tiles.LARGE for size in SIZES)
    assert cost(520, 696, 96, 16)[1] <= tiles.SMALL


def test_tiles_of_a_trained_model_are_the_whole_bit_for_bit(monkeypatch):
    card = read_card(registry.TRAINED / "nuclei")
    image = np.random.default_rng(0).random((481, 643)).astype(np.float32)
    monkeypatch.setattr(tiles, "SMALL", 10**9)
    whole = predict.probabilities(image, registry.TRAINED / "nuclei")
    monkeypatch.setattr(tiles, "SMALL", 1)
    assert len(plan(481, 643, 96, card["stride"])[1]) > 1
    assert np.array_equal(predict.probabilities(image, registry.TRAINED / "nuclei"), whole)


def mean_of_rows(images):
    """A network that looks as far as two pixels up and down, and answers for one class."""
    padded = np.pad(images, [(0, 0), (2, 2), (0, 0), (0, 0)], mode="edge")
    return sum(padded[:, row : row + images.shape[1]] for row in range(5)) / 5


def test_what_is_decided_of_a_tile_is_all_that_is_kept(monkeypatch):
    monkeypatch.setattr(tiles, "SMALL", 1)
    monkeypatch.setattr(tiles, "LARGE", 1)
    image, shapes = np.random.default_rng(0).random((300, 290, 1), np.float32), []

    def decide(values):
        shapes.append(values.shape)
        return values[:, :, 1] > 0.5

    mask = tiled(mean_of_rows, image, {"halo": 2, "stride": 1}, decide)
    assert mask.dtype == bool and np.array_equal(mask, mean_of_rows(image[None])[0, :, :, 0] > 0.5)
    assert len(shapes) > 1 and {shape[2] for shape in shapes} == {2}


def test_a_network_without_a_halo_is_run_whole_or_blended(monkeypatch):
    sizes = []

    def run(images):
        sizes.append(images.shape[1:3])
        return mean_of_rows(images)

    image = np.random.default_rng(0).random((150, 333, 1), np.float32)
    card = {"halo": None, "stride": 8}
    whole = tiled(run, image, card)
    assert sizes == [(150, 333)]
    monkeypatch.setattr(tiles, "WHOLE", 1000)
    monkeypatch.setattr(tiles, "BLENDED", 64)
    blended = tiled(run, image, card)
    assert set(sizes[1:]) == {(64, 64)} and blended.shape == whole.shape
    assert 0 < np.abs(blended - whole).max() < 0.005  # tiles see less, and there they weigh little
    flat = tiled(lambda images: images, np.full((150, 333, 1), 0.25, np.float32), card)
    assert np.allclose(flat[:, :, 1], 0.25, atol=1e-6)


@pytest.mark.parametrize("size", [(20, 100), (64, 64), (65, 200)])
def test_an_engine_of_one_size_gets_that_size(size):
    def run(images):
        assert images.shape[1:3] == (64, 64)
        return images

    run.side = 64
    image = np.random.default_rng(0).random((*size, 1), np.float32)
    assert np.allclose(tiled(run, image, {"halo": 9, "stride": 4})[:, :, 1:], image, atol=1e-6)


def test_tiles_do_not_change_the_mask(monkeypatch):
    image = np.tile(cvkit.read(registry.HERE.parent / "data" / "nuclei.png"), (2, 2))
    mask = cvkit.segment(image, "nuclei")
    monkeypatch.setattr(tiles, "SMALL", 10**9)
    assert np.array_equal(cvkit.segment(image, "nuclei"), mask)
