"""What becomes of a pipeline that works on tiles: stages, each of which says what it needs to know of the rest."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from cvkit import registry
from cvkit.classic import components, counted
from cvkit.errors import CvkitError
from cvkit.pipeline import Pipeline, Step
from cvkit.reach import reach_of
from cvkit.scale.objects import columns_of, filters

EXACT = ("uint8", "uint16", "int8", "int16", "bool")  # of which sums around a pixel are the same in any part
RANGE = "takes the range of the whole image, which holds {}, and rounds by it"


@dataclass(frozen=True)
class Stage:
    """One step, and the way in which it is done on tiles.

    Attributes
    ----------
    name : str
    way : str
        ``"look"``: by a function of a part. ``"count"``: by a function of a part and of what is counted in the whole.
        ``"threshold"``: by a global threshold; ``"around"``: by a local one. ``"network"``: by a model, whose objects
        are kept apart if it learnt their contacts. ``"choose"``: among objects. ``"split"``: object by object.
        ``"fill"``: holes. ``"table"``.
    function : callable
    arguments : dict
    reach : int
        Pixels.
    """

    name: str
    way: str
    function: Callable
    arguments: dict[str, Any] = field(default_factory=dict)
    reach: int = 0


def stages(pipeline: Pipeline, dtype: np.dtype, channels: tuple[int, ...]) -> list[Stage]:
    """Turn the steps of a pipeline into stages; refuse what tiles cannot do, before any work is done.

    Parameters
    ----------
    pipeline : Pipeline
    dtype : dtype
        Of the image.
    channels : tuple of int
        What follows height and width in its shape.

    Returns
    -------
    stages : list of Stage

    Raises
    ------
    CvkitError
        ``tiles-step`` with the reason why a step has no tiles; or what the step says of its parameters.
    """
    sample, found, numbered = np.zeros((8, 8, *channels), dtype), [], False
    for step in _flat(pipeline.steps):
        found.append(_stage(step, sample))
        sample, before = _after(step, found[-1], sample), numbered
        numbered = _are_labels(sample) and step.entry.gives != "image"
        if found[-1].way == "look" and (before or numbered):
            raise _refused(step.entry.name, "it deals with labels, which in a tile are not those of the whole")
    return found


def _flat(steps: Iterable[Step]) -> Iterable[Step]:
    """The steps, a model's own before and after it among them."""
    for step in steps:
        if step.entry.model is None:
            yield step
            continue
        from cvkit.deep import read_card

        card = read_card(step.entry.model)
        for text in (card["preprocess"], None, card["postprocess"]):
            for part in registry.split(text) if text else ():
                name, arguments = registry.parse(part)
                yield Step(registry.find(name), arguments)
            if text is None:
                yield step


def _stage(step: Step, sample: np.ndarray) -> Stage:
    """The way in which a step is done on tiles."""
    name, function, arguments = step.entry.name, step.entry.call, step.arguments
    if step.entry.model is not None:
        return _network(step)
    if step.entry.takes_mask:
        return _threshold(name, arguments, sample.dtype)
    if function is components.regions:
        columns_of(name, arguments)
        return Stage(name, "table", function, arguments)
    if function is components.split:
        if arguments.get("markers") is not None or arguments.get("image") is not None:
            raise _refused(name, "other arrays would have to be cut as the image is")
        return Stage(name, "split", function, arguments)
    if function is components.fill_holes:
        return Stage(name, "fill", function, arguments)
    if function in [getattr(components, known) for known in filters()]:
        columns_of(name, arguments)
        return Stage(name, "choose", function, arguments)
    if hasattr(function, "counted"):
        return Stage(name, "count", function, arguments)
    return Stage(name, "look", partial(function, **arguments), reach=_far(name, function, arguments))


def _threshold(name: str, arguments: dict, dtype: np.dtype) -> Stage:
    own = {key: value for key, value in arguments.items() if key not in ("foreground", "nan", "exact")}
    counted.check(name, own, dtype, exact=arguments.get("exact", False))
    if counted.is_counted(name):
        return Stage(name, "threshold", counted.compare, arguments)
    decide = registry.decision(counted.module(name))
    far = _far(name, decide, own)
    if dtype.name not in EXACT:
        raise _refused(name, RANGE.format(dtype), "store the image with 8 or 16 bits, or use a global threshold")
    return Stage(name, "around", counted.around, arguments, far)


def _network(step: Step) -> Stage:
    from cvkit.deep.predict import load_model, pixelwise

    name, model, how = step.entry.name, step.entry.model, dict(step.arguments)
    if how.pop("augment", False):
        raise _refused(name, "turned and mirrored, the image begins elsewhere on the network's grid", "drop augment")
    kind = {key: value for key, value in how.items() if key != "threshold"}
    card, run = load_model(model, **kind)
    if card["halo"] is None or hasattr(run, "side"):
        reason = "it sees the whole image, or most of it" if card["halo"] is None else "it takes images of one size"
        raise _refused(name, reason, "train a network of convolutions alone, such as unet")
    side = card["stride"]
    values = run(np.zeros((1, side, side, card["channels"]), np.float32)).shape[-1]
    if max(values, 2) > len(card["classes"]) or (card["answer"] == "labels" and card["contact"]):
        raise _refused(name, "its objects are chosen among all at once", "use one whose answer is a mask")
    far = -(-card["halo"] // side) * side
    return Stage(name, "network", partial(pixelwise, model=model, **how), {"card": card}, far)


def _far(name: str, function: Callable, arguments: dict) -> int:
    far = reach_of(function, arguments)
    if isinstance(far, str):
        raise _refused(name, far)
    return far


def _refused(
    name: str, reason: str, remedy: str = "leave it out, or segment the whole with cvkit.segment"
) -> CvkitError:
    return CvkitError("tiles-step", came=f"{name} cannot work on tiles: {reason}", remedy=remedy)


def _are_labels(sample: Any) -> bool:
    return isinstance(sample, np.ndarray) and sample.dtype == np.int32 and sample.ndim == 2


def _after(step: Step, stage: Stage, sample: np.ndarray) -> np.ndarray:
    """What a step makes of a small image of zeros: so that its parameters are looked at, and its dtype is known."""
    if stage.way not in ("threshold", "around", "network"):
        return step(sample)
    kind = {"mask": bool, "labels": np.int32, "classes": np.uint8}[step.entry.gives]
    return np.zeros(sample.shape[:2], kind)
