"""Segmentation feeds generation: pairs of image and truth that a generator paints, filtered, in a folder."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from cvkit import __version__
from cvkit.arrays import VOID, number, whole
from cvkit.datasets import Pairs, from_folders
from cvkit.deep.digest import digest
from cvkit.deep.gan_training import train_gan
from cvkit.deep.generation import generate
from cvkit.deep.generator_card import read_generator_card
from cvkit.deep.run import Run
from cvkit.deep.synthesis.scenes import Scenes, as_bytes, as_pixels, as_scenes
from cvkit.deep.synthesis.scores import agreement, remoteness, texture
from cvkit.errors import CvkitError
from cvkit.io import write
from cvkit.pipeline import Pipeline

CROPS = 1024  # that a generator learns from
REAL = 64  # real crops that textures are compared with
WIDE = 3  # sides of a made image in those of the generator's
MANIFEST = "manifest.csv"
PAINTER = "pix2pix(judge='unet(width=8, depth=3)', distance=1.0, batch=8)"


def train_painter(
    pairs: Sequence,
    out: str | Path,
    *,
    gan: str = PAINTER,
    side: int = 64,
    unlabelled: Sequence = (),
    seed: int = 0,
    **length,
) -> Path:
    """Train a generator that paints class maps as the images of pairs look.

    Parameters
    ----------
    pairs : sequence of (image, truth)
        As for `cvkit.train`; from labels it learns background, object and contact.
    out : path
        The run folder, as of `cvkit.train_gan`.
    gan : str
        ``"pix2pix"`` or ``"spade"`` with arguments. By default a network that segments is the discriminator, and images
        are drawn to the real ones but little: noise then decides on brightness and grain. Without unlabelled images
        one of patches, ``"pix2pix(distance=1.0, batch=8)"``, was as good on nuclei and streets.
    side : int
        Of the crops that it learns from: 16, 32, 64 or 128. It paints larger maps in tiles.
    unlabelled : sequence of images
        Of the same kind. No map goes with them: they teach the discriminator what is real, the generator through it.
    seed : int
    **length
        ``epochs``, each of 1024 crops, or twice as many with unlabelled images; or ``seconds``.

    Returns
    -------
    model : Path
        A generator for `cvkit.generate`.

    Raises
    ------
    CvkitError
        As `cvkit.train_gan`, and if an image is smaller than a crop.
    """
    scenes = as_scenes(pairs)
    channels = scenes.images[0].shape[2]
    others = [as_pixels(image, channels) for image in unlabelled]
    least = min(min(image.shape[:2]) for image in [*scenes.images, *others])
    if whole(side, "side", 16) > least:
        raise CvkitError(
            "gan-size", f"crops of {side} pixels need images as large", came=str(least), remedy="choose a smaller side"
        )
    rng = np.random.default_rng(whole(seed, "seed", 0))
    cut = [scenes.crop(side, rng) for _ in range(CROPS)]
    images, maps = [as_bytes(image) for image, _ in cut], [scenes.encode(truth) for _, truth in cut]
    if others:
        bare = Scenes(others, [np.zeros(image.shape[:2], np.uint8) for image in others], scenes.target)
        images += [as_bytes(bare.crop(side, rng)[0]) for _ in range(CROPS)]
        maps += [np.full((side, side), VOID, np.uint8)] * CROPS
    return train_gan(gan, images, out, condition=maps, seed=seed, **length)


def synthesize(
    pairs: Sequence,
    n: int,
    out: str | Path,
    *,
    painter: str | Path = PAINTER,
    segmenter: str | Path | Callable | None = None,
    keep: float = 0.5,
    seed: int = 0,
    **training,
) -> Pairs:
    """Make pairs of image and truth after real ones, and keep the better ones.

    Truths are real ones whose objects are recombined and warped (classes are cropped and mirrored), images are painted
    after them. Of `n` / `keep` candidates the best `n` are kept: those that are not bad in either of two ways,
    how far a segmentation of the image agrees with the truth, and how far its texture, class by class, is from the
    nearest real one's.

    Whether a network gains from them must be measured, and often it does not: see `choose_share`. Give only pairs that
    the network may learn from; what is held back must stay out of here too.

    Parameters
    ----------
    pairs : sequence of (image, truth)
        As for `cvkit.train`.
    n : int
        How many to make.
    out : path
        ``images/`` and ``truths/``, which `cvkit.datasets.from_folders` reads; ``manifest.csv``: the scores of every
        candidate; ``painter/``, the training of the generator. Called again, it goes on or gives what is there.
    painter : str or path
        What to train, see `train_painter`; or the folder of a generator that it has trained.
    segmenter : method, optional
        Whatever `cvkit.segment` takes, best a model trained on `pairs`; without, textures alone are judged.
    keep : float, 0..1
        The share of the candidates that is kept.
    seed : int
    **training
        ``side``, ``unlabelled``, and ``seconds`` or ``epochs``: as for `train_painter`.

    Returns
    -------
    made : cvkit.datasets.Pairs
        uint8 images, stretched as `normalize` does, of three times the painter's side, or as large as the smallest
        image; truths of the kind that was given, and the names of its classes.

    Raises
    ------
    CvkitError
        If the pairs, the painter or the segmenter do not fit, or `out` holds something else.

    Examples
    --------
    ``made = cvkit.synthesize(pairs, 200, "runs/made", segmenter="runs/cells/model", seconds=300)``
    """
    scenes, out, method = as_scenes(pairs), Path(out), None if segmenter is None else Pipeline([segmenter])
    config = {"n": whole(n, "n"), "keep": number(keep, "keep", 0.01, 1), "seed": whole(seed, "seed", 0)}
    config |= {"pairs": _digest(scenes), "painter": str(painter), "segmenter": str(method), "cvkit": __version__}
    config |= training | {"unlabelled": _digest_of(training.get("unlabelled", ()), "images")}
    run = Run(out, config)
    if not (out / MANIFEST).is_file():
        if not (Path(painter) / "card.json").is_file():
            painter = train_painter(pairs, out / "painter", gan=str(painter), seed=seed, **training)
        made, rows = _best(_candidates(scenes, painter, method, config), config["n"])
        _write(run, scenes, made, rows)
    found = from_folders(out / "images", out / "truths", kind=scenes.kind)
    found.classes = list(getattr(pairs, "classes", ()))
    return found


def _candidates(scenes: Scenes, painter: Path, method: Pipeline | None, config: dict) -> list[tuple]:
    """Truths, what was painted after them, and the scores of each."""
    card, rng = read_generator_card(painter), np.random.default_rng([config["seed"], 1])
    side, count = scenes.side(WIDE * card["shape"][0]), len(card["classes"])
    real = [scenes.crop(side, rng) for _ in range(REAL)]
    known = np.stack([texture(image, scenes.encode(truth), count) for image, truth in real])
    found = []
    for index in range(int(np.ceil(config["n"] / config["keep"]))):
        truth = scenes.drawn(side, rng)
        classes = scenes.encode(truth)
        if scenes.kind == "labels":  # no crop showed objects that touch: it knows no contact
            classes = np.minimum(classes, count - 1)
        unknown = (classes >= count) & (classes != VOID)  # no crop showed this class: nothing can be learnt of it here
        if unknown.any():
            classes, truth = (np.where(unknown, VOID, array).astype(np.uint8) for array in (classes, truth))
        image = generate(painter, condition=classes, n=1, seed=int(rng.integers(2**31)))[0]
        row = {"candidate": index, "file": "", "agreement": np.nan, "remoteness": np.nan}
        if method is not None:
            row["agreement"] = agreement(method(image), scenes.as_truth(truth))
        described = texture(image.reshape(*image.shape[:2], -1) / np.float32(255), classes, count)
        row["remoteness"] = float(remoteness(described[None], known)[0])
        found.append((image, scenes.as_truth(truth), row))
    return found


def _best(found: list[tuple], n: int) -> tuple[list[tuple], list[dict]]:
    """The pairs to keep, by the worse of their two ranks, and the rows of all."""
    rows = [row for *_, row in found]
    scores = np.array([[-row["agreement"], row["remoteness"]] for row in rows])
    ranks = scores.argsort(axis=0, kind="stable").argsort(axis=0)  # of equal NaN: in order, and the same for all
    worse = ranks[:, 1] if np.isnan(scores[:, 0]).all() else ranks.max(axis=1)
    kept = np.sort(worse.argsort(kind="stable")[:n])
    for place, index in enumerate(kept.tolist()):
        rows[index]["file"] = f"{place:05d}.png"
    return [found[index][:2] for index in kept], rows


def _write(run: Run, scenes: Scenes, made: list[tuple], rows: list[dict]) -> None:
    """Write the pairs and then, as the sign that they are whole, the manifest."""
    for folder in ("images", "truths"):
        (run.folder / folder).mkdir(exist_ok=True)
    for place, (image, truth) in enumerate(made):
        stored = truth.astype(np.uint16) if scenes.kind == "labels" else truth
        write(run.folder / "images" / f"{place:05d}.png", image)
        write(run.folder / "truths" / f"{place:05d}.png", stored)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: round(v, 5) if isinstance(v, float) else v for key, v in row.items()} for row in rows)
    run.write(MANIFEST, text.getvalue().encode())


def _digest(scenes: Scenes) -> str:
    """The pairs in a few signs, so that other ones are not taken for these."""
    return _digest_of([array for pair in zip(scenes.images, scenes.truths, strict=True) for array in pair], "arrays")


def _digest_of(arrays: Sequence, what: str) -> str:
    return f"{len(arrays)} {what} {digest(arrays)}"
