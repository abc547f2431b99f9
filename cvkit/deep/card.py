"""The card of a trained model: a JSON file that says what it is, and is enough to build and to run it.

A model is a folder of three files: ``card.json``, ``model.onnx`` (what runs) and ``weights.safetensors`` (to train on).
Nothing in it is believed before it is checked, and nothing is ever unpickled.
"""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from cvkit import registry
from cvkit.arrays import number
from cvkit.deep.model_files import AGAIN, CARD_BYTES, inspect_weights, read_file, strict_json
from cvkit.deep.onnx_file import FLOAT, Network, inspect_onnx
from cvkit.errors import CvkitError, FileMissing
from cvkit.pipeline import Step

CARD, ONNX, WEIGHTS = "card.json", "model.onnx", "weights.safetensors"

# What every card holds, with its type; it may hold more: data, figures, licence, seed, time, and what is `CHOSEN`.
FIELDS = {
    "summary": str,  # one line
    "network": str,  # text that builds it, such as "unet(width=16)"
    "channels": int,  # 1 = grey, 3 = RGB
    "classes": list,  # a name for each
    "answer": str,  # "mask", "labels" or "classes"
    "foreground": list,  # numbers of the classes that the mask holds; empty where stars tell the objects
    "contact": list,  # numbers of the classes that part touching objects; may be empty
    "preprocess": str,  # steps before the network, as in a pipeline; may be empty
    "postprocess": str,  # steps after it
    "halo": int | None,  # how far, in pixels, the network looks to each side; null: too far for exact tiles
    "stride": int,  # how often the network halves the size, as a factor
    "checksums": dict,  # SHA-256 of the other files
}
RESIZING = ("crop", "resize")
ANSWERS = ("mask", "labels", "classes")
# Fields that may be there, chosen on validation images, and their ranges.
CHOSEN = {"threshold": (0, 1), "star": (0, 1), "overlap": (0, 1), "temperature": (0.01, 100)}


def read_card(folder: str | Path) -> dict:
    """Read and check the card of a model folder.

    Parameters
    ----------
    folder : path

    Returns
    -------
    card : dict

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or one of its three files is missing.
    ValueError
        If the card is no JSON, lacks a field, or a field is not what it can be.
    """
    folder = Path(folder)
    if not os.path.isdir(folder):
        raise FileMissing(
            "model-missing",
            came="there is no such model folder",
            remedy="`cvkit list` shows the models by name",
            file=folder,
        )
    for name in (CARD, ONNX, WEIGHTS):
        if not os.path.lexists(folder / name):
            raise FileMissing(
                "model-file-missing",
                came=f"the model lacks {name}",
                remedy=f"a model folder holds {CARD}, {ONNX} and {WEIGHTS}: copy it whole",
                file=folder,
            )
    try:
        card = strict_json(read_file(folder, CARD, most=CARD_BYTES)[0])
        check_card(card)
    except CvkitError as fault:
        raise fault.of(folder / CARD) from None
    return card


def check_card(card: dict) -> None:
    """Refuse a card of which a field is missing, of another type, or out of its range.

    Raises
    ------
    CvkitError
        With the code ``model-card``, or ``model-kind`` if it is the card of a generator.
    """
    if card.get("kind") == "generator":
        raise CvkitError("model-kind", came="a generator, which makes images", remedy="use cvkit generate")
    for name, kind in FIELDS.items():
        value = card.get(name)
        if name not in card or not isinstance(value, kind) or isinstance(value, bool):
            raise _wrong(name, f"of type {getattr(kind, '__name__', kind)}", value)
    count, answer = len(card["classes"]), card["answer"]
    _text(card, "summary", 1, 5000)
    _demand(card, "channels", card["channels"] in (1, 3), "1 or 3")
    _demand(card, "answer", answer in ANSWERS, f"one of {', '.join(ANSWERS)}")
    _demand(card, "classes", (1 if answer == "labels" else 2) <= count <= 255, "of 2 to 255 names")
    for index in range(count):
        _text(card["classes"], index, 0, 200)
    for name in ("foreground", "contact"):
        known = all(type(number) is int and 0 <= number < count for number in card[name])
        _demand(
            card, name, known and len(set(card[name])) == len(card[name]), f"different numbers from 0 to {count - 1}"
        )
    _demand(card, "contact", not set(card["contact"]) & set(card["foreground"]), "classes that are not foreground")
    _demand(card, "foreground", card["foreground"] or answer != "mask", "at least one class")
    _demand(card, "halo", card["halo"] is None or 0 <= card["halo"] <= 10_000, "0 to 10000 pixels")
    _demand(card, "stride", 1 <= card["stride"] <= 1024, "1 to 1024")
    network, arguments = registry.parse(card["network"])
    known = network in registry.networks() and "weights" not in arguments  # a trained network fetches none
    _demand(card, "network", known, "a network of `cvkit list`, without `weights`")
    for name, (low, high) in CHOSEN.items():
        number(card.get(name, low), f"the card's field {name}", low, high)
    check_steps(card)
    for name in (ONNX, WEIGHTS):
        digest = card["checksums"].get(name)
        hexadecimal = isinstance(digest, str) and len(digest) == 64 and not set(digest) - set("0123456789abcdef")
        _demand(card, "checksums", hexadecimal, f"the SHA-256 of {name} in 64 signs")


def check_steps(card: dict) -> str:
    """Refuse a card whose steps are not known or do not fit around the network; tell the kind that comes out at last.

    Raises
    ------
    CvkitError
    """
    before = _steps(card, "preprocess", "image")
    _demand(card, "preprocess", before == "image", "steps that give an image")
    after = _steps(card, "postprocess", card["answer"])
    _demand(card, "postprocess", after in ANSWERS, f"steps that give one of {', '.join(ANSWERS)}")
    return after


def check_file(folder: str | Path, card: dict, name: str, *, fit: Callable | None = None) -> Path:
    """Give the path of a file of the model that is what the card says and holds nothing that harms.

    The content is compared with the card's checksum; of an ONNX file every node is looked at, of the weights the
    header. `fit` says whether a network is one of the card's kind; by default one that segments.
    """
    folder = Path(folder)
    content, _ = read_file(folder, name)
    if hashlib.sha256(content).hexdigest() != card["checksums"].get(name):
        raise CvkitError(
            "model-checksum",
            came="its content is not what the card says (SHA-256 differs)",
            remedy=AGAIN,
            file=folder / name,
        )
    try:
        if name.endswith(".onnx"):
            (fit or _fit)(inspect_onnx(content), card)
        elif name.endswith(".safetensors"):
            inspect_weights(folder, name)
    except CvkitError as fault:
        raise fault.of(folder / name) from None
    return folder / name


def _fit(network: Network, card: dict) -> None:
    """Refuse a network that takes or gives other numbers of channels than its card says."""
    (taken,), given = network.inputs.values(), next(iter(network.outputs.values()))
    count = len(card["classes"])
    wanted = (FLOAT, card["channels"]), {(FLOAT, None), (FLOAT, count), (FLOAT, 1 if count == 2 else count)}
    if len(taken[1]) != 4 or (taken[0], taken[1][3] or card["channels"]) != wanted[0]:
        raise CvkitError(
            "model-channels",
            f"expected a network that takes float32 images (N, H, W, {card['channels']})",
            came=f"type {taken[0]}, shape {taken[1]}",
            remedy=AGAIN,
        )
    last = given[1][-1] if given[1] else None
    if (given[0], card["answer"]) == (FLOAT, "labels") and last and last > count + 1 and (last - count - 1) % 4 == 0:
        return  # the classes, the probability of a star, and its distances along a multiple of four rays
    if (given[0], last) not in wanted[1]:
        raise CvkitError(
            "model-classes",
            f"expected a network that gives float32 probabilities of {count} classes",
            came=f"type {given[0]}, shape {given[1]}",
            remedy=AGAIN,
        )


def annotate(folder: str | Path, **fields) -> dict:
    """Add to a model's card what its files do not tell: data, figures, licence, a better summary or class names.

    Parameters
    ----------
    folder : path
        A model folder.
    **fields
        Anything JSON can hold. Of the fields that every card holds only ``summary``, ``classes``, with as many names
        as before, and ``postprocess`` may be given; and ``answer``, to take a mask for labels or labels for a mask.

    Returns
    -------
    card : dict
        As written.
    """
    card = read_card(folder)
    fixed = set(fields) & set(FIELDS) - {"summary", "classes", "postprocess"}
    if {card["answer"], fields.get("answer")} == {"mask", "labels"}:
        fixed.discard("answer")
    if fixed or len(fields.get("classes", card["classes"])) != len(card["classes"]):
        what = ", ".join(sorted(fixed)) or "the number of classes"
        raise CvkitError(
            "model-card-fixed", came=f"{what} belongs to the network", remedy="annotate other fields", file=folder
        )
    card |= fields
    check_card(strict_json(_text_of(card).encode()))
    write_card(folder, card)
    return card


def write_card(folder: str | Path, card: dict) -> None:
    """Put a card in its place, whole or not at all."""
    from cvkit.io import write_bytes  # loads OpenCV, which is not needed to read a card

    write_bytes(Path(folder) / CARD, _text_of(card).encode())


def _text_of(card: dict) -> str:
    return json.dumps(card, indent=2, ensure_ascii=False) + "\n"


def _demand(card: dict, name: str, fits: bool, expected: str) -> None:
    if not fits:
        raise _wrong(name, expected, card[name])


def _text(holder: dict | list, name: str | int, least: int, most: int) -> None:
    """Demand a text of one line that can be printed."""
    text = holder[name]
    if type(text) is not str or not least <= len(text) <= most or not text.isprintable():
        raise _wrong(name if isinstance(name, str) else "classes", f"one line of {least} to {most} signs", text)


def _steps(card: dict, name: str, kind: str) -> str:
    """Demand known steps with their arguments, each taking what stands before it; give the last kind."""
    for text in registry.split(card[name]) if card[name] else []:
        step, arguments = registry.parse(text)
        known = step in registry.steps() and step not in RESIZING
        _demand(card, name, known, f"steps of `cvkit list` that keep the size, which {step[:40]!r} is not")
        entry = registry.find(step)
        Step(entry, arguments)
        _demand(card, name, kind in entry.takes, f"steps that fit; {step} takes {' or '.join(entry.takes)}, not {kind}")
        kind = kind if entry.gives == "same" else entry.gives
    return kind


def _wrong(name: str, expected: str, came) -> CvkitError:
    shown = repr(came)
    return CvkitError(
        "model-card",
        f"expected a field `{name}`: {expected}",
        came=shown if len(shown) <= 80 else f"{shown[:77]}...",
        remedy=AGAIN,
    )
