"""A network is built from its text only after its arguments and its size have been looked at."""

import inspect
import threading
from typing import Any

import keras

from cvkit import registry
from cvkit.arrays import number, whole
from cvkit.deep.onnx_file import PARAMETERS
from cvkit.errors import CvkitError, WrongType

MOST = 4096  # of an argument that is a number
DEEPEST = 64  # of one that says how often something is repeated
REPEATS = ("depth", "levels", "blocks", "layers", "heads", "stages", "repeats")


def build(text: str, channels: int, classes: int) -> keras.Model:
    """Build a network from the text that a pipeline or a card holds.

    Parameters
    ----------
    text : str
        A name of `cvkit.networks` with its arguments: ``"unet(width=16, depth=4)"``.
    channels, classes : int
        Of its images and its answer.

    Returns
    -------
    network : keras.Model
        For images of any size.

    Raises
    ------
    CvkitError
        If there is no such network or argument, an argument is out of its range, or the network would have more than
        300 million parameters. Nothing has been allocated for it then.

    Examples
    --------
    >>> build("unet(width=4, depth=1)", 1, 2).count_params()
    1758
    """
    name, arguments = registry.parse(text)
    make = registry.network(name)
    _check_arguments(name, make, arguments)

    def made(**more) -> keras.Model:
        return make((None, None, channels), classes, **arguments | more)

    # Pretrained weights are fetched, and set, only once the network is known to be good.
    without = {"weights": None} if "weights" in arguments else {}
    try:
        count = _count(lambda: made(**without))
    except Exception as fault:
        said = " ".join(str(fault).split())
        raise CvkitError("network-arguments", f"{text} cannot be built", came=said, remedy="see `cvkit list`") from None
    if count > PARAMETERS:
        raise CvkitError(
            "network-too-large",
            f"{text} must have at most {PARAMETERS:,} parameters",
            came=f"{count:,}",
            remedy="make it narrower",
        )
    return made()


def without_weights(text: str) -> str:
    """Give the text of a network without its pretrained weights: a trained one brings its own.

    Examples
    --------
    >>> without_weights('unet(encoder="efficientnet_lite0", weights="imagenet")')
    "unet(encoder='efficientnet_lite0')"
    """
    name, arguments = registry.parse(text)
    if "weights" not in arguments:
        return text
    kept = ", ".join(f"{key}={value!r}" for key, value in arguments.items() if key != "weights")
    return f"{name}({kept})" if kept else name


def _check_arguments(name: str, make, arguments: dict[str, Any]) -> None:
    known = {p.name: p for p in inspect.signature(make).parameters.values() if p.kind == p.KEYWORD_ONLY}
    for key, value in arguments.items():
        if key not in known:
            raise CvkitError(
                "parameter-unknown", f"{name} has no parameter {key!r}", remedy=f"it has: {', '.join(known)}"
            )
        for one in value if isinstance(value, (list, tuple)) else [value]:
            _check_argument(key, one, known[key].default)


def _check_argument(name: str, value: Any, default: Any) -> None:
    """Take texts, switches and None, and numbers within the range that a network can mean."""
    if isinstance(value, float) or isinstance(default, float):
        number(value, name, 0, MOST)
    elif isinstance(value, int) and not isinstance(value, bool):
        whole(value, name, 0, DEEPEST if any(word in name for word in REPEATS) else MOST)
    elif value is not None and not isinstance(value, (str, bool)):
        raise WrongType("parameter-type", f"`{name}` must be a number or a text", came=type(value).__name__)


def _count(made) -> int:
    """Count the parameters of a network whose variables are never made.

    Keras keeps the variables of a stateless scope in a list of the thread, to make them later: here it ends before.
    """
    found: list = []

    def count() -> None:
        try:
            with keras.StatelessScope(initialize_variables=False):
                found.append(made().count_params())
        except Exception as fault:
            found.append(fault)

    thread = threading.Thread(target=count)
    thread.start()
    thread.join()
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]
