"""Train a GAN on images, in a folder that a stopped training goes on from."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from cvkit import __version__
from cvkit.arrays import number, whole
from cvkit.deep.digest import digest
from cvkit.deep.examples import Examples, as_examples, unscale
from cvkit.deep.feed import feed
from cvkit.deep.generation import grid
from cvkit.deep.generator_card import GENERATOR
from cvkit.deep.quiet import import_keras
from cvkit.deep.run import Run
from cvkit.errors import CvkitError
from cvkit.io import write
from cvkit.notation import parse

FRAMES, EVERY = 50, 10  # looks at a training, and the fewest steps between two
SETTLE = 16  # batches that the last statistics are measured on
WARM_UP, TIMED = 10, 40  # steps before the time of a step is measured, and those that it is measured of
LIVES = 3  # how often a training may lose itself


def train_gan(
    gan: str,
    images: Sequence,
    out: str | Path,
    *,
    condition: Sequence | None = None,
    epochs: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
) -> Path:
    """Train a GAN and export its generator, which `cvkit.generate` makes images with.

    Samples of the same noise are drawn all along, and alarms are raised in words: collapse, saturation, divergence,
    after which the last good state is gone back to. Stopped at any time, even killed, the same call goes on from the
    last checkpoint, bit for bit as if nothing had been; once it is done, it gives the generator.

    Parameters
    ----------
    gan : str
        A name of `cvkit.gans` with arguments: ``"dcgan(preset='quality', batch=64)"``.
    images : (N, H, W) or (N, H, W, 3) array, or a sequence of images
        uint8, uint16, or floats in 0..1; all of one size: 16, 32, 64 or 128 pixels square.
    out : path
        The run folder: ``config.json``, ``history.csv``, pictures in ``samples/``, ``training.gif``, and the
        generator in ``model/``; until then the last two states, a few MB each.
    condition : (N,) integers or (N, H, W) class maps, optional
        What each image shows, for a GAN that is told what to make: a class from 0, or a map of classes, 255 = void.
        A map that is void everywhere marks an image without a truth: the discriminator learns what real ones look like.
    epochs : int, optional
        Passes over the images.
    seconds : float, optional
        About how long to train instead, the export not counted; by default ten minutes. The learning rate falls
        towards the end of either.
    seed : int
        The same seed on the same machine gives the same generator, if `epochs` are given.

    Returns
    -------
    model : Path
        The generator's folder, ``out/model``.

    Raises
    ------
    CvkitError
        If the GAN is not known, the images do not fit it or each other, `out` holds another training, or the training
        diverged again and again.

    Notes
    -----
    After ``keras.config.set_dtype_policy("mixed_bfloat16")`` steps are 1.3 times as quick on processors that know
    bfloat16 (benchmarks/results/gan.md); penalties stay in float32, and so does the generator that is written.

    Examples
    --------
    ``cvkit.train_gan("dcgan", images, "runs/digits", seconds=600)``, then ``cvkit.generate("runs/digits/model", 16)``.
    """
    keras = import_keras()
    from cvkit.deep.gans import build_gan

    if epochs is not None and seconds is not None:
        raise CvkitError("parameter-choice", came="both `epochs` and `seconds` are given", remedy="give one")
    length = (
        {"seconds": number(seconds or 600, "seconds", 1)} if epochs is None else {"epochs": whole(epochs, "epochs")}
    )
    keras.utils.set_random_seed(whole(seed, "seed", 0))
    examples = as_examples(images, condition)
    model = build_gan(gan, examples.images.shape[1:], examples.classes)
    as_examples(images, condition, model.batch)
    config = {"gan": gan, "images": _digest(examples), **length, "seed": seed}
    config |= {"precision": keras.config.dtype_policy().name, "cvkit": __version__}
    run = Run(out, config)
    if not run.model.is_dir():
        notes = _train(model, examples, run, config)
        _finish(model, examples, run, config, notes)
    return run.model


def _train(gan, examples: Examples, run: Run, config: dict) -> dict:
    """Train, from the last state that the folder holds; give the notes of the whole training."""
    from cvkit.deep.gan_watch import Watch, alarm, is_finite

    watch = Watch(gan, examples, config["seed"])
    notes = _resume(gan, run) or _begin(gan, examples, run, config)
    while notes["total"] is None or int(gan.steps) < notes["total"]:
        began, start = time.perf_counter(), int(gan.steps)
        steps = _stretch(start, notes["total"])
        batches = partial(examples.batches, gan.batch, config["seed"], start)
        logs = gan.fit(feed(batches, next(batches())), steps_per_epoch=steps, shuffle=False, verbose=0).history
        logs = {name: float(values[-1]) for name, values in logs.items()}
        if not is_finite(gan, logs):
            notes = _go_back(gan, run)
            continue
        samples = watch.samples()
        took = time.perf_counter() - began
        notes["seconds"] += took
        row = {"step": int(gan.steps), "seconds": round(notes["seconds"], 1), **logs, "variety": watch.look(samples)}
        notes["history"].append(row | {"alarm": ""})
        notes["history"][-1]["alarm"] = alarm(notes["history"])
        if notes["total"] is None and start:  # the first steps are slow
            left = max(0.0, config["seconds"] - notes["seconds"])
            notes["total"] = int(gan.steps) + int(left * steps / took)
            gan.horizon.assign(notes["total"])
        _keep(gan, run, notes)
        _show(run, samples, notes)
    return notes


def _begin(gan, examples: Examples, run: Run, config: dict) -> dict:
    total = config["epochs"] * (len(examples) // gan.batch) if "epochs" in config else None
    gan.seeds.state.assign(np.array([config["seed"], 0], gan.seeds.state.dtype))
    gan.horizon.assign(total or 0)
    notes = {"epoch": -1, "history": [], "seconds": 0.0, "total": total, "lost": 0}
    _keep(gan, run, notes)
    return notes


def _keep(gan, run: Run, notes: dict) -> None:
    """Write the state of this moment in the place of the one before the last."""
    from cvkit.deep.checkpoint import tensors_of

    notes["epoch"] += 1
    run.save(tensors_of(gan.parts()), notes)


def _resume(gan, run: Run) -> dict | None:
    """Take up the last whole state; None if there is none."""
    from cvkit.deep.checkpoint import set_tensors

    found = run.load()
    if found is None:
        return None
    set_tensors(gan.parts(), found[0], run.folder)
    return found[1]


def _stretch(start: int, total: int | None) -> int:
    """How many steps until the next look; it depends on the step alone, so that a resumed training looks as often."""
    if total is None:
        return WARM_UP if start == 0 else TIMED
    every = int(np.clip(total // FRAMES, EVERY, 1000))
    return min(every - start % every, total - start)


def _go_back(gan, run: Run) -> dict:
    """Return to the last good state with half the learning rates, or give up."""
    notes = _resume(gan, run)
    notes["lost"] += 1
    if notes["lost"] > LIVES:
        raise CvkitError(
            "gan-diverged", came=f"the training diverged {notes['lost']} times, last after step {int(gan.steps)}",
            remedy="choose a lower rate or a stronger penalty, in a new folder", file=run.folder,
        )  # fmt: skip
    gan.caution.assign(gan.caution / 2)
    print(f"divergence: a loss or weight is no number; back to step {int(gan.steps)}, with half the learning rates")
    _keep(gan, run, notes)
    return notes


def _show(run: Run, samples: np.ndarray, notes: dict) -> None:
    """Write the samples and the history, and say how it stands."""
    row = notes["history"][-1]
    (run.folder / "samples").mkdir(exist_ok=True)
    write(run.folder / "samples" / f"{row['step']:07d}.png", grid(unscale(samples, "uint8"), columns=8))
    run.write_history(notes["history"])
    numbers = ", ".join(f"{name} {row[name]:.3g}" for name in ("discriminator", "generator", "told_apart", "variety"))
    said = {one["alarm"].partition(":")[0] for one in notes["history"][:-1]}
    new = row["alarm"] and row["alarm"].partition(":")[0] not in said
    print(f"step {row['step']} of {notes['total'] or '?'}: {numbers}{'; ' + row['alarm'] if new else ''}", flush=True)


def _finish(gan, examples: Examples, run: Run, config: dict, notes: dict) -> None:
    """Measure the statistics anew, export, and draw the training as a moving picture."""
    from keras import ops

    from cvkit.deep.gan_export import export_generator, settle

    rng = np.random.default_rng(config["seed"])

    def draw(size: int) -> tuple:
        noise = ops.convert_to_tensor(rng.standard_normal((size, *gan.latent_shape), np.float32))
        chosen = examples.told[rng.integers(0, len(examples.told), size)]
        return noise, None if examples.condition is None else gan.one_hot(examples.condition[chosen])

    batches = [[part for part in draw(64) if part is not None] for _ in range(SETTLE)]
    settle(gan, [batch if len(batch) > 1 else batch[0] for batch in batches])
    _animate(run.folder)
    name, side = parse(config["gan"])[0], examples.images.shape[1]
    kinds = {0: "none", 1: "class", 3: "map"}
    row = notes["history"][-1]
    card = {
        "kind": GENERATOR,
        "summary": f"Images of {side} x {side} pixels by a {name}, after {len(examples)} real ones.",
        "gan": config["gan"],
        "shape": list(examples.images.shape[1:]),
        "dtype": str(examples.images.dtype),
        "latent": list(gan.latent_shape),
        "condition": kinds[0 if examples.condition is None else examples.condition.ndim],
        "classes": [str(number) for number in range(examples.classes)],
        "images": len(examples),
        "steps": row["step"],
        "seconds": round(notes["seconds"]),
        "seed": config["seed"],
        "history": {key: value for key, value in row.items() if key not in ("step", "seconds")},
        "cvkit": __version__,
    }
    parts = [ops.convert_to_numpy(part).reshape(8, -1) for part in draw(8) if part is not None]
    export_generator(gan, run.model, card, np.concatenate(parts, axis=1).astype(np.float32))
    run.clear()  # not before the generator is written: what fails there is not learnt again


def _animate(out: Path) -> None:
    """Join the pictures of the training to a GIF."""
    from PIL import Image

    frames = []
    for file in sorted((out / "samples").glob("*.png")):
        with Image.open(file) as opened:
            frames.append(opened.convert("RGB").quantize(64))
    frames[0].save(out / "training.gif", save_all=True, append_images=frames[1:], duration=120, loop=0)


def _digest(examples: Examples) -> str:
    """The images in a few signs, so that a training is not gone on with on others."""
    arrays = [examples.images] if examples.condition is None else [examples.images, examples.condition]
    return f"{' x '.join(map(str, examples.images.shape))} {digest(arrays)}"
