"""Train a network on pairs of images and truths, in a folder that a stopped training goes on from."""

import csv
import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cvkit import __version__, registry
from cvkit.arrays import whole
from cvkit.deep.quiet import import_keras
from cvkit.deep.target import Target, find_target

BATCH = 16
RATE = 2e-3
BACKUP = "backup"


def train(
    network: str,
    pairs: Sequence,
    out: str | Path,
    *,
    validation: Sequence = (),
    epochs: int = 40,
    patch: int = 128,
    seed: int = 0,
) -> Path:
    """Train a network and export it as a model that `cvkit.segment` takes by its path.

    Augmented patches, cross-entropy + Dice, AdamW with warm-up and cosine decay, a moving average of the weights,
    and batch statistics measured anew at the end. Stopped at any time, the same call goes on from the last epoch;
    once it is done, it gives the model.

    Parameters
    ----------
    network : str
        A network as in a pipeline, ``"unet(width=16, depth=4)"``, with steps around it if wanted:
        ``"flatten_background | normalize | unet | remove_small(area=20)"``. A network that nothing stands before
        gets `normalize` before it.
    pairs : sequence of (image, truth) arrays
        Images (H, W) or (H, W, 3). Truths (H, W): bool masks; integer labels (wider than 8 bits), whose touching
        objects the model then keeps apart; or uint8 classes, 255 = void.
    out : path
        The run folder: ``config.json``, ``history.csv``, and the model in ``model/``.
    validation : sequence of (image, truth) arrays
        Measured after each epoch, not learnt.
    epochs : int
        Of 100 batches of 16 patches, of fewer where there are fewer than 400 pairs, but at least 10.
    patch : int
        Side of a patch in pixels; it should hold several objects.
    seed : int
        The same seed on the same machine gives the same model.

    Returns
    -------
    model : Path
        The model folder, ``out/model``.

    Raises
    ------
    ValueError
        If the network is not known, the pairs do not fit, or `out` holds another training.

    Examples
    --------
    ``cvkit.train("unet(width=8, depth=3)", pairs, "runs/cells")``, then ``cvkit.segment(image, "runs/cells/model")``.
    """
    keras = import_keras()
    from cvkit.deep.build import build
    from cvkit.deep.export import export, reach

    card, target = _card(network, pairs)
    config = {
        "network": network,
        "pairs": len(pairs),
        "epochs": whole(epochs, "epochs"),
        "patch": whole(patch, "patch"),
    }
    config |= {"seed": whole(seed, "seed", 0), "cvkit": __version__}
    out = _open(Path(out), config)
    if (out / "model").is_dir():
        return out / "model"
    keras.utils.set_random_seed(seed)
    model = build(card["network"], card["channels"], len(card["classes"]))
    began = time.perf_counter()
    patches = _fit(model, target, card, pairs, validation, out, config)
    _measure_statistics(model, patches)
    halo, stride = reach(model)
    card |= {"halo": halo, "stride": stride}
    card |= {"patch": patch, "epochs": epochs, "seed": seed, "pairs": len(pairs)}
    card |= {"seconds": round(time.perf_counter() - began), "history": _last(out), "cvkit": __version__}
    export(model, out / "model", card, patches[0][0])
    shutil.rmtree(out / BACKUP)  # not before the model is written: what fails there is not learnt again
    return out / "model"


def _card(text: str, pairs: Sequence) -> tuple[dict, Target]:
    """Read the text of the network and look at the first pair: what kind of model this will be."""
    parts = registry.split(text)
    places = [number for number, part in enumerate(parts) if registry.parse(part)[0] in registry.networks()]
    if len(places) != 1:
        registry.network(registry.parse(parts[-1])[0])
        raise ValueError(f"expected one network, {text!r} has {len(places)}; known: {', '.join(registry.networks())}.")
    if len(pairs) == 0:
        raise ValueError("there are no pairs to train on; expected a list of (image, truth) arrays.")
    name, _ = registry.parse(parts[places[0]])
    target = find_target(name, [np.asarray(truth) for _, truth in pairs])
    gray = all(np.asarray(image).ndim == 2 for image, _ in pairs)
    before, after = " | ".join(parts[: places[0]]) or "normalize", " | ".join(parts[places[0] + 1 :])
    card = {
        "summary": f"A {name} of {', '.join(target.classes)}, trained on {len(pairs)} images.",
        "network": parts[places[0]],
        "channels": 1 if gray else 3,
        "preprocess": before,
        "postprocess": after,
    }
    return card | target.fields(), target


def _open(out: Path, config: dict) -> Path:
    """Make the run folder, or find that it holds the same run."""
    path = out / "config.json"
    if path.is_file():
        before = json.loads(path.read_text("utf-8"))
        if before != config:
            differs = ", ".join(key for key in config if before.get(key) != config[key])
            raise ValueError(f"{out} holds another training ({differs} differ); choose another `out` or delete it.")
    elif out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} holds other files; choose a new folder for the training.")
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    return out


def _fit(model, target: Target, card: dict, pairs: Sequence, validation: Sequence, out: Path, config: dict):
    """Fit, from the last epoch that the folder holds; give the patches it learnt from."""
    import keras

    from cvkit.deep.data import Patches, centres, prepare
    from cvkit.deep.predict import apply
    from cvkit.deep.segmenter import Segmenter

    def preprocess(image):
        return apply(card["preprocess"], image)

    ready = prepare(pairs, target, preprocess, card["channels"])
    steps = int(np.clip(4 * len(ready) // BATCH, 10, 100))
    patches = Patches(ready, target, batch=BATCH, size=config["patch"], steps=steps, seed=config["seed"])
    checks = None
    if len(validation):
        checks = centres(prepare(validation, target, preprocess, card["channels"]), target, 2 * config["patch"])
    total = steps * config["epochs"]
    rate = keras.optimizers.schedules.CosineDecay(RATE / 10, total, warmup_target=RATE, warmup_steps=total // 20)
    segmenter = Segmenter(model)
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=1e-4, clipnorm=1.0, use_ema=True, ema_momentum=1 - min(0.1, 10 / total)
    )
    segmenter.compile(optimizer, target.loss)
    segmenter.build((None, None, None, card["channels"]))
    callbacks = [
        keras.callbacks.BackupAndRestore(str(out / BACKUP), delete_checkpoint=False),
        keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(patches, "epoch", epoch)),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: _record(out / "history.csv", epoch, logs)),
    ]
    segmenter.fit(
        patches, validation_data=checks, epochs=config["epochs"], callbacks=callbacks, verbose=2, shuffle=False
    )
    segmenter.optimizer.finalize_variable_values(segmenter.trainable_variables)
    return patches


def _measure_statistics(model, patches, batches: int = 30) -> None:
    """Set the statistics of batch normalisation to their mean over fresh batches; averaged weights never had any."""
    import keras

    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    kept = [layer.momentum for layer in norms]
    for number in range(batches):
        for layer in norms:
            layer.momentum = number / (number + 1)
        model(patches[len(patches) + number][0], training=True)
    for layer, momentum in zip(norms, kept, strict=True):
        layer.momentum = momentum


def _record(path: Path, epoch: int, logs: dict) -> None:
    """Add an epoch to the history."""
    new = not path.exists()
    with open(path, "a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["epoch", *logs])
        writer.writerow([epoch, *(float(value) for value in logs.values())])


def _last(out: Path) -> dict:
    """The last line of the history."""
    with open(out / "history.csv", newline="") as file:
        return {key: round(float(value), 5) for key, value in list(csv.DictReader(file))[-1].items()}
