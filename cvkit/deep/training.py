"""Train a network on pairs of images and truths, in a folder that a stopped training goes on from."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from cvkit import __version__, registry
from cvkit.arrays import whole
from cvkit.deep.card import check_steps
from cvkit.deep.digest import digest
from cvkit.deep.mixture import Mixture
from cvkit.deep.plan import Plan
from cvkit.deep.predict import apply
from cvkit.deep.quiet import import_keras
from cvkit.deep.run import Run
from cvkit.deep.target import Target, find_target
from cvkit.errors import CvkitError

LOSS = "cross_entropy + dice"


def train(
    network: str,
    pairs: Sequence,
    out: str | Path,
    *,
    validation: Sequence = (),
    unlabelled: Sequence = (),
    epochs: int = 40,
    patch: int = 128,
    augment: str = "strong",
    loss: str = LOSS,
    seed: int = 0,
    plan: Plan = Plan(),  # noqa: B008  (frozen)
) -> Path:
    """Train a network and export it as a model that `cvkit.segment` takes by its path.

    AdamW with warm-up and cosine decay, a moving average of the weights, and batch statistics measured anew at the
    end; with `validation` the averaged weights of the best epoch. Before the first epoch the untrained network is
    exported once: what cannot be is refused at once. Stopped at any time, by whatever means, the same call goes on from
    the last epoch as if nothing had happened; once it is done, it gives the model.

    Parameters
    ----------
    network : str
        A network as in a pipeline, ``"unet(width=16, depth=4)"``, with steps around it if wanted:
        ``"flatten_background | normalize | unet | remove_small(area=20)"``. A network that nothing stands before
        gets `normalize` before it. ``unet(encoder="efficientnet_lite0", weights="imagenet")`` begins with weights
        learnt on photographs, which want values of 0 to 1: let ``normalize(low=0, high=100)`` stand before it.
    pairs : sequence of (image, truth) arrays
        Images (H, W) or (H, W, 3). Truths (H, W): bool masks; integer labels (wider than 8 bits), whose touching
        objects the model then keeps apart, -1 = void; or uint8 classes, 255 = void, named by `classes` of
        `cvkit.datasets.Pairs`. All are kept in memory, as float32. With made pairs among them: a
        `cvkit.deep.mixture.Mixture`.
    out : path
        The run folder: ``config.json``, ``history.csv``, ``curves.png``, with `validation` also ``predictions.png``
        of a network that learns classes, and the model in ``model/``.
    validation : sequence of (image, truth) arrays
        Their middles are measured after each epoch, not learnt; they choose the epoch that is kept.
    unlabelled : sequence of images
        Images without truth, of the same kind. The network learns to say the same of them however they are augmented.
    epochs : int
        Of 100 batches of 16 patches, of fewer where there are fewer than 400 pairs, but at least 10.
    patch : int
        Side of a patch in pixels; it should hold several objects.
    augment : str
        ``"strong"`` for what has no up and down, ``"light"`` for what has, ``"none"``, or steps of your own such as
        ``"flip | rotate(degrees=15) | gamma | blur(p=0.1)"``; with ``"strong | stain"`` for stained sections: see
        `cvkit.deep.augment`.
    loss : str
        Losses and their weights, ``"dice + 0.5*focal"``: see `cvkit.deep.losses`. A network that says itself what it
        learns, such as `stardist`, has its own and takes no other.
    seed : int
        The same seed on the same machine gives the same model.
    plan : Plan
        What is seldom needed: batch, learning rate, patience, class weights, precision, devices.

    Returns
    -------
    model : Path
        The model folder, ``out/model``.

    Raises
    ------
    ValueError
        If the network, loss or augmentation is not known, the pairs do not fit, the network cannot be exported, the
        loss is no number any more, or `out` holds another training, be it the same on other images or truths.
    MemoryError
        If a batch does not fit; the error says what does.

    Examples
    --------
    ``cvkit.train("unet(width=8, depth=3)", pairs, "runs/cells")``, then ``cvkit.segment(image, "runs/cells/model")``.
    """
    import_keras()
    from cvkit.deep.augment import Augmentation
    from cvkit.deep.build import without_weights
    from cvkit.deep.data import prepare, prepare_image
    from cvkit.deep.export import export, rehearse
    from cvkit.deep.fitting import fit

    card, target = _card(network, pairs)
    config = {"network": network, "pairs": len(pairs), "validation": len(validation), "unlabelled": len(unlabelled)}
    config |= {"epochs": whole(epochs, "epochs"), "patch": whole(patch, "patch"), "seed": whole(seed, "seed", 0)}
    config |= {"augment": augment, "loss": loss, "plan": plan.learns(), "cvkit": __version__}
    made = {"made": len(pairs.made), "share": pairs.share} if isinstance(pairs, Mixture) else {}
    config |= made
    augmentation, loss = Augmentation(augment), _loss(card["network"], target, loss, plan)
    if plan.class_weights and len(plan.class_weights) != len(target.classes):
        raise CvkitError(
            "parameter-length",
            f"`class_weights` must be {len(target.classes)} numbers, for {', '.join(target.classes)}",
            came=str(len(plan.class_weights)),
            remedy="give one for each",
        )
    if plan.patience and not len(validation):
        came = "`patience` waits for a better score on `validation`, and there is none"
        raise CvkitError("parameter-choice", came=came, remedy="hold pairs back, or leave it out")
    config["digest"] = {
        "pairs": f"{len(target.classes)} {target.kind} {_digest(pairs)}",
        "validation": _digest(validation),
        "unlabelled": digest(unlabelled),
    }
    if (Path(out) / "model").is_dir():  # done: there is nothing to prepare
        return Run(out, config).model
    images = {"train": prepare(pairs, target, card), "validation": prepare(validation, target, card, "validation pair")}
    images |= {"unlabelled": [prepare_image(np.asarray(image), card) for image in unlabelled]}
    images["odds"] = pairs.odds if made else None
    run = Run(out, config)
    began = time.perf_counter()
    asked, card["network"] = card["network"], without_weights(card["network"])
    card["halo"], card["stride"] = rehearse(card["network"], card["channels"], len(card["classes"]))
    card |= {"patch": patch, "epochs": epochs, "seed": seed, "pairs": len(_real(pairs)), **made, "cvkit": __version__}
    model, patches, history = fit(run, card | {"network": asked}, target, images, augmentation, loss, plan)
    rounded = {name: round(value, 5) for name, value in history[-1].items()}
    card |= {"seconds": round(time.perf_counter() - began), "history": rounded}
    export(model, run.model, card, patches)
    run.clear()  # not before the model is written: what fails there is not learnt again
    return run.model


def _card(text: str, pairs: Sequence) -> tuple[dict, Target]:
    """Read the text of the network and look at the first pair: what kind of model this will be."""
    parts = registry.split(text)
    places = [number for number, part in enumerate(parts) if registry.parse(part)[0] in registry.networks()]
    if len(places) != 1:
        registry.network(registry.parse(parts[-1])[0])
        raise CvkitError(
            "network-one",
            came=f"expected one network, {text!r} has {len(places)}",
            remedy=f"known: {', '.join(registry.networks())}",
        )
    if len(pairs) == 0:
        raise CvkitError(
            "pairs-empty", came="there are no pairs to train on", remedy="expected a list of (image, truth) arrays"
        )
    name, _ = registry.parse(parts[places[0]])
    target = find_target(name, [np.asarray(truth) for _, truth in pairs], getattr(pairs, "classes", ()))
    before, after = " | ".join(parts[: places[0]]) or "normalize", " | ".join(parts[places[0] + 1 :])
    gray = all(np.asarray(image).ndim == 2 for image, _ in pairs) and apply(before, np.asarray(pairs[0][0])).ndim == 2
    card = {
        "summary": f"A {name} of {_listed(target.classes)}, trained on {len(_real(pairs))} images.",
        "network": parts[places[0]],
        "channels": 1 if gray else 3,
        "preprocess": before,
        "postprocess": after,
    }
    card |= target.fields()
    check_steps(card)  # before hours are spent
    return card, target


def _listed(names: list[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + f" and {len(names) - most} other classes" * (len(names) > most)


def _loss(network: str, target: Target, text: str, plan: Plan) -> Callable:
    """Give the loss of the text, or the network's own, beside which nothing may be asked for."""
    from cvkit.deep.losses import find_loss

    loss = find_loss(text, plan.class_weights)
    asked = ["`loss`"] * (text != LOSS) + ["`class_weights`"] * bool(plan.class_weights)
    if target.loss and asked:
        name, _ = registry.parse(network)
        came = f"{name} has a loss of its own and takes no {' and no '.join(asked)}"
        raise CvkitError("parameter-unknown", came=came, remedy="leave it out, or choose another network")
    return target.loss or loss


def _digest(pairs: Sequence) -> str:
    return digest(array for image, truth in pairs for array in (image, truth))


def _real(pairs: Sequence) -> Sequence:
    return pairs.real if isinstance(pairs, Mixture) else pairs
