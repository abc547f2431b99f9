"""The card of a trained model: a JSON file that says what it is, and is enough to build and to run it.

A model is a folder of three files: ``card.json``, ``model.onnx`` (what runs) and ``weights.safetensors`` (to train on).
"""

import hashlib
import json
from pathlib import Path

CARD, ONNX, WEIGHTS = "card.json", "model.onnx", "weights.safetensors"

# What every card holds, with its type; it may hold more: data, figures, licence, seed, time, and what validation chose:
# threshold, overlap (of stars), temperature.
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
    "halo": int,  # how far, in pixels, the network looks to each side
    "stride": int,  # how often the network halves the size, as a factor
    "checksums": dict,  # SHA-256 of the other two files
}


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
        If the card is no JSON or lacks a field.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: there is no such model folder; `cvkit list` shows the models by name.")
    for name in (CARD, ONNX, WEIGHTS):
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"{folder}: the model lacks {name}; a model folder holds {CARD}, {ONNX} and {WEIGHTS}: copy it whole."
            )
    try:
        card = json.loads((folder / CARD).read_text("utf-8"))
    except ValueError as fault:
        raise ValueError(f"{folder / CARD}: not a card: {fault}.") from None
    for name, kind in FIELDS.items():
        if not isinstance(card, dict) or not isinstance(card.get(name), kind):
            raise ValueError(
                f"{folder / CARD}: expected a field `{name}` of type {kind.__name__}; copy the model anew."
            )
    return card


def check_file(folder: str | Path, card: dict, name: str) -> Path:
    """Give the path of a file of the model, its content compared with the card's checksum."""
    path = Path(folder) / name
    if hashlib.sha256(path.read_bytes()).hexdigest() != card["checksums"].get(name):
        raise ValueError(f"{path}: its content is not what the card says (SHA-256 differs); copy the model anew.")
    return path


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
    if {card["answer"], fields.get("answer")} == {"mask", "labels"} and card["foreground"]:
        fixed.discard("answer")
    if fixed or len(fields.get("classes", card["classes"])) != len(card["classes"]):
        raise ValueError(f"{folder}: {', '.join(sorted(fixed)) or 'the number of classes'} belongs to the network.")
    card |= fields
    path = Path(folder) / CARD
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
    fresh.replace(path)
    return card
