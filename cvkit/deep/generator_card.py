"""The card of a generator: what `cvkit.deep.card` is for models that segment.

A generator is a folder of the same three files. Its ONNX network takes one flat row an image, the noise and then the
one-hot condition, and gives images in -1..1.
"""

import math
from pathlib import Path

from cvkit import registry
from cvkit.deep.card import CARD, ONNX, WEIGHTS, check_file, write_card
from cvkit.deep.model_files import AGAIN, CARD_BYTES, read_file, strict_json
from cvkit.deep.onnx_file import FLOAT, Network
from cvkit.errors import CvkitError, FileMissing
from cvkit.notation import parse

GENERATOR = "generator"
CONDITIONS = ("none", "class", "map")
DTYPES = ("uint8", "uint16", "float32")

FIELDS = {
    "kind": str,  # "generator"
    "summary": str,  # one line
    "gan": str,  # text that builds it, such as "dcgan(width=32)"
    "shape": list,  # [H, W, C] of an image
    "dtype": str,  # of the images that it was trained on, and gives
    "latent": list,  # shape of the noise of one image
    "condition": str,  # "none", "class" or "map"
    "classes": list,  # a name for each class of the condition
    "checksums": dict,  # SHA-256 of the other two files
}
FREE = ("summary", "classes")  # what may be said otherwise without changing what the generator does


def generator_folder(name: str | Path) -> Path:
    """Give the folder of a generator that cvkit carries, by its name; else take it for a path."""
    return registry.GENERATORS / name if str(name) in registry.generators() else Path(name)


def read_generator_card(folder: str | Path) -> dict:
    """Read and check the card of a generator's folder.

    Parameters
    ----------
    folder : path

    Returns
    -------
    card : dict

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or a file of it is missing.
    CvkitError
        If no generator is called so, the card is none, or one of a model that segments.
    """
    folder = Path(folder)
    if not folder.is_dir():
        if str(folder).isidentifier():
            raise registry.unknown("generator", str(folder), registry.generators())
        came = "there is no such generator"
        raise FileMissing("model-missing", came=came, remedy="train one: cvkit.train_gan", file=folder)
    try:
        card = strict_json(read_file(folder, CARD, most=CARD_BYTES)[0])
        check_generator_card(card)
    except CvkitError as fault:
        raise fault.of(folder / CARD) from None
    return card


def check_generator_card(card: dict) -> None:
    """Refuse a card of which a field is missing, of another type, or out of its range."""
    if card.get("kind") != GENERATOR:
        raise CvkitError(
            "model-kind", "expected the card of a generator", came="a model that segments" if "network" in card else
            repr(card.get("kind"))[:80], remedy="use cvkit segment for models that segment",
        )  # fmt: skip
    for name, kind in FIELDS.items():
        _demand(card, name, type(card.get(name)) is kind, f"of type {kind.__name__}")
    _demand(card, "summary", 0 < len(card["summary"]) <= 500 and card["summary"].isprintable(), "one printable line")
    _demand(card, "gan", parse(card["gan"])[0] in registry.gans(), "a GAN of `cvkit list`")
    _demand(card, "shape", _sides(card["shape"], 3, 3, 1024), "three sides, H, W and C")
    _demand(card, "latent", _sides(card["latent"], 1, 3, 4096), "one to three sides")
    _demand(card, "dtype", card["dtype"] in DTYPES, f"one of {', '.join(DTYPES)}")
    _demand(card, "condition", card["condition"] in CONDITIONS, f"one of {', '.join(CONDITIONS)}")
    names = all(type(name) is str and len(name) <= 200 and name.isprintable() for name in card["classes"])
    count = len(card["classes"])
    right = count == 0 if card["condition"] == "none" else 2 <= count <= 256
    _demand(card, "classes", names and right, "a printable name for each class of the condition")
    for name in (ONNX, WEIGHTS):
        digest = card["checksums"].get(name)
        _demand(card, "checksums", isinstance(digest, str) and len(digest) == 64, f"the SHA-256 of {name}")


def row_size(card: dict) -> tuple[int, int]:
    """Numbers of noise and of condition in the row of one image.

    Examples
    --------
    >>> row_size({"latent": [128], "condition": "class", "classes": ["0", "1"], "shape": [32, 32, 1]})
    (128, 2)
    """
    pixels = {"none": 0, "class": 1, "map": card["shape"][0] * card["shape"][1]}[card["condition"]]
    return math.prod(card["latent"]), pixels * len(card["classes"])


def generator_file(folder: str | Path, card: dict) -> Path:
    """Give the path of the network, checked as `cvkit.deep.card.check_file` does, and to take and give what it must."""
    return check_file(folder, card, ONNX, fit=_fit)


def _fit(network: Network, card: dict) -> None:
    (taken,), given = network.inputs.values(), next(iter(network.outputs.values()))
    size, shape = sum(row_size(card)), tuple(card["shape"])
    if (taken[0], taken[1][1:]) != (FLOAT, (size,)) or given[0] != FLOAT or not _may_be(given[1][1:], shape):
        raise CvkitError(
            "model-generator", f"expected a network that takes float32 rows (N, {size}) and gives images (N, {shape})",
            came=f"{taken[1]} and {given[1]}", remedy=AGAIN,
        )  # fmt: skip


def _may_be(sides: tuple, shape: tuple) -> bool:
    """Whether a shape, None where it is open, may be another."""
    return all(side in (None, right) for side, right in zip(sides, shape, strict=False)) and len(sides) in (0, 3)


def annotate_generator(folder: str | Path, **fields) -> dict:
    """Add to a generator's card what its files do not tell: data, figures, licence, a better summary, class names.

    Parameters
    ----------
    folder : path
    **fields
        Anything JSON can hold, but of the fields of every card only ``summary`` and ``classes``.

    Returns
    -------
    card : dict
        As written.
    """
    card = read_generator_card(folder)
    if fixed := set(fields) & set(FIELDS) - set(FREE):
        raise CvkitError("model-card-fixed", came=f"{', '.join(sorted(fixed))} belong to the generator", file=folder)
    if len(fields.get("classes", card["classes"])) != len(card["classes"]):
        raise CvkitError("model-card-fixed", came="the number of classes belongs to the generator", file=folder)
    card |= fields
    check_generator_card(card)
    write_card(folder, card)
    return card


def _sides(values: list, least: int, most: int, largest: int) -> bool:
    return least <= len(values) <= most and all(type(one) is int and 1 <= one <= largest for one in values)


def _demand(card: dict, name: str, fits: bool, expected: str) -> None:
    if not fits:
        came = repr(card.get(name))
        raise CvkitError("model-card", f"expected a field `{name}`: {expected}", came=came[:80], remedy=AGAIN)
