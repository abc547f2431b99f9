"""The fit itself: from prepared images and a plan to trained weights."""

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from cvkit.deep.augment import Augmentation
from cvkit.deep.build import build
from cvkit.deep.data import Patches, centres
from cvkit.deep.feed import feed, in_order
from cvkit.deep.keeper import Keeper
from cvkit.deep.plan import Plan
from cvkit.deep.run import Run
from cvkit.deep.segmenter import Segmenter
from cvkit.deep.start import begin_with
from cvkit.deep.target import Target
from cvkit.errors import CvkitError, MemoryFull

EPOCH = (10, 100)  # batches of an epoch: four times through the images, but at least and at most so many
BATCH = 16
MEMORY = 0.5  # of the machine's that a batch may take


def fit(
    run: Run, card: dict, target: Target, images: dict, augment: Augmentation, loss: Callable, plan: Plan
) -> tuple[keras.Model, np.ndarray, list[dict]]:
    """Fit a network, from the last epoch that the folder holds.

    Parameters
    ----------
    run : Run
    card : dict
        Of the model to be: ``network``, ``channels``, ``classes``, how many real ``pairs`` there are, and the ``seed``,
        ``patch``, ``epochs`` asked for.
    target : Target
    images : dict
        "train" and "validation": lists of (image, truth); "unlabelled": a list of images; all prepared. "odds": how
        probable each of "train" is to be drawn; None = all alike.
    augment : Augmentation
    loss : function
    plan : Plan

    Returns
    -------
    network : keras.Model
        Trained.
    images : (N, H, W, C) array
        Patches that it was trained on, to compare engines with.
    history : list of dict
        The scores of every epoch.
    """
    keras.utils.set_random_seed(card["seed"])
    strategy = share_among(plan.devices, images["unlabelled"])
    with strategy.scope():
        network = build_in(plan.precision, card)
        teacher = build_in(plan.precision, card) if images["unlabelled"] else None
    for begun in (network, teacher):
        if plan.start and begun:
            begin_with(begun, plan.start)
    batch = plan.batch or fitting_batch(network, card["patch"], BATCH)
    share = max(1, len(plan.devices))
    batch += -batch % share
    steps = int(np.clip(4 * card["pairs"] // batch, *EPOCH))
    patches = Patches(
        images["train"],
        target,
        augment,
        batch=batch,
        size=card["patch"],
        steps=steps,
        channels=card["channels"],
        seed=card["seed"],
        unlabelled=images["unlabelled"],
        odds=images["odds"],
    )
    checks = None
    if images["validation"]:
        checks = centres(even(images["validation"], share), target, 2 * card["patch"], card["channels"])
    with strategy.scope():
        segmenter = compiled(network, teacher, loss, plan, steps * card["epochs"], scored=target.loss is None)
    keeper = Keeper(run, segmenter, patches, checks, plan.patience)
    begin = keeper.restore()
    if begin < card["epochs"] and not keeper.finished:
        with explained(batch, card["patch"]):
            segmenter.fit(
                feed(lambda: iter(patches), patches[0], steps),
                validation_data=checks and in_order(checks, share if plan.devices else max(1, batch // 4)),
                initial_epoch=begin,
                epochs=card["epochs"],
                callbacks=[keeper],
                verbose=2,
                shuffle=False,
            )
    keeper.finish(card["epochs"])
    return network, keeper.images(0), keeper.history


def share_among(devices: Sequence[str], unlabelled: Sequence = ()):
    """Choose how a batch is shared among devices of this machine: `scope()` is where networks for it are made.

    Parameters
    ----------
    devices : sequence of str
        Such as "GPU:0"; none for the one that TensorFlow takes by itself.
    unlabelled : sequence
        Images without truth; one device alone learns from them.

    Returns
    -------
    strategy : tf.distribute.Strategy
    """
    import tensorflow as tf

    if not devices:
        return tf.distribute.get_strategy()
    if len(unlabelled):
        came = "a network that learns from images without truth does so on one device"
        raise CvkitError("devices-unlabelled", came=came, remedy="leave out `devices` or `unlabelled`")
    known = [device.name.removeprefix("/device:") for device in tf.config.list_logical_devices()]
    for device in devices:
        if device not in known:
            expected = f"`devices` must be some of {', '.join(known)}"
            raise CvkitError("device-unknown", expected, came=repr(device), remedy="choose others")
    return tf.distribute.MirroredStrategy(list(devices))


def even(pairs: list, share: int) -> list:
    """Leave out the last pairs that are too few to give one to each of `share` devices: Keras wants equal parts."""
    if len(pairs) < share:
        expected = f"{share} devices need at least {share} pairs to validate on"
        raise CvkitError("validation-few", expected, came=str(len(pairs)), remedy="hold back more, or none")
    return pairs[: len(pairs) // share * share]


def build_in(precision: str, card: dict) -> keras.Model:
    """Build the network of a card, its layers computing in float32 or bfloat16."""
    if precision == "bf16" and not has_bfloat16():
        raise CvkitError(
            "precision-processor",
            came="this processor has no bfloat16 arithmetic and would only be slower",
            remedy="train with 'f32'",
        )
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bf16" else policy)
    try:
        return build(card["network"], card["channels"], len(card["classes"]))
    finally:
        keras.config.set_dtype_policy(policy)


def fitting_batch(network: keras.Model, patch: int, most: int, memory: float | None = None) -> int:
    """Choose the batch: as many patches as half of the memory holds, at most `most`.

    Parameters
    ----------
    network : keras.Model
    patch : int
        Side of a patch in pixels.
    most : int
    memory : float, optional
        In bytes; by default what the machine has.

    Returns
    -------
    batch : int

    Raises
    ------
    MemoryFull
        If not even one patch fits; the error says what patch would.
    """
    outputs = [output for layer in network.layers for output in keras.tree.flatten(layer.output)]
    shapes = keras.Model(network.inputs, outputs).compute_output_shape((1, patch, patch, network.input_shape[-1]))
    each = 2 * 4 * sum(np.prod(shape[1:], dtype=float) for shape in shapes)  # every map and its gradient, float32
    fits = int(MEMORY * (memory or _memory()) / each)
    if fits < 1:
        side = int(patch * np.sqrt(MEMORY * (memory or _memory()) / each)) // 16 * 16
        came = f"a patch of {patch} pixels does not fit in memory"
        raise MemoryFull("memory-patch", came=came, remedy=f"patch={max(side, 16)} does, --patch in the command line")
    return min(most, fits)


def averaging_optimizer(rate: float, total: int) -> keras.optimizers.Optimizer:
    """AdamW for `total` steps, with warm-up to `rate`, cosine decay, and a moving average of the weights."""
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 10, total, warmup_target=rate, warmup_steps=max(1, total // 20)
    )
    return keras.optimizers.AdamW(
        schedule, weight_decay=1e-4, clipnorm=1.0, use_ema=True, ema_momentum=1 - min(0.1, 10 / total)
    )


def compiled(network, teacher, loss: Callable, plan: Plan, total: int, *, scored: bool) -> Segmenter:
    """The segmenter with its optimizer, ready to fit for `total` steps."""
    optimizer = averaging_optimizer(plan.rate, total)
    segmenter = Segmenter(network, teacher)
    segmenter.compile(optimizer, loss, consistency=plan.consistency, ramp=max(1, total // 3), scored=scored)
    segmenter.build((None, None, None, network.input_shape[-1]))
    optimizer.build(network.trainable_variables)
    return segmenter


@contextlib.contextmanager
def explained(batch: int, patch: int):
    """Say in words that the memory is full."""
    try:
        yield
    except Exception as fault:
        if type(fault).__name__ not in ("ResourceExhaustedError", "MemoryError", "_ArrayMemoryError"):
            raise
        name, smaller = ("batch", batch // 2) if batch > 1 else ("patch", max(16, patch // 32 * 16))
        asked = f"plan=Plan(batch={smaller})" if name == "batch" else f"patch={smaller}"
        came = f"a batch of {batch} patches of {patch} pixels does not fit in memory"
        remedy = f"{asked} may, --{name} {smaller} in the command line"
        raise MemoryFull("memory-batch", came=came, remedy=remedy) from None


def _memory() -> float:
    """The memory of the machine in bytes."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):  # not every system tells
        return 8e9


def has_bfloat16() -> bool:
    """Whether the processor, or an accelerator beside it, computes in bfloat16."""
    import tensorflow as tf

    facts = Path("/proc/cpuinfo")
    words = facts.read_text().split() if facts.is_file() else []
    return bool({"avx512_bf16", "amx_bf16"} & set(words) or tf.config.list_physical_devices("GPU"))
