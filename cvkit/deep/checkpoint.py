"""The whole state of a training in one safetensors file, and a folder that always holds a whole one of them."""

import hashlib
import json
import os
import secrets
from pathlib import Path

import keras
import numpy as np
import safetensors
import safetensors.numpy

from cvkit.errors import CvkitError, FileMissing

LATEST, PREVIOUS = "latest.safetensors", "previous.safetensors"


def keep(folder: str | Path, parts: dict[str, list], notes: dict) -> None:
    """Write a checkpoint; the one before stays beside it, and at no moment is there none.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    parts : dict of lists of variables
        Everything that the training changes: weights, moments, counters, seeds.
    notes : dict
        What else belongs to this moment, as JSON can hold it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".fresh-{secrets.token_hex(4)}"
    try:
        write_state(fresh, parts, notes)
        if (folder / LATEST).exists():
            os.replace(folder / LATEST, folder / PREVIOUS)
        os.replace(fresh, folder / LATEST)
    finally:
        fresh.unlink(missing_ok=True)


def recover(folder: str | Path, parts: dict[str, list]) -> dict | None:
    """Set variables to the newest whole checkpoint of a folder.

    Returns
    -------
    notes : dict or None
        As kept with it; None if there is no checkpoint yet.

    Raises
    ------
    CvkitError
        If there are checkpoints, but none is whole or fits.
    """
    fault = None
    for name in (LATEST, PREVIOUS):
        if (Path(folder) / name).is_file():
            try:
                return read_state(Path(folder) / name, parts)
            except CvkitError as found:
                fault = fault or found
    if fault:
        raise fault
    return None


def write_state(path: str | Path, parts: dict[str, list], notes: dict | None = None, *, overwrite: bool = True) -> None:
    """Write variables and notes into one file, whole or not at all."""
    path = Path(path)
    if path.exists() and not overwrite:
        raise CvkitError("file-exists", came="the file is there already", remedy="choose another name", file=path)
    tensors = {name: keras.ops.convert_to_numpy(variable) for name, variable in _named(parts)}
    about = {"notes": json.dumps(notes or {}), "sha256": _digest(tensors)}
    data = safetensors.numpy.save(tensors, about)
    beside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        with open(beside, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def read_state(path: str | Path, parts: dict[str, list]) -> dict:
    """Set variables to what a file holds, all or none of them; give its notes.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CvkitError
        If it is damaged, or holds other variables.
    """
    path = Path(path)
    if not path.is_file():
        raise FileMissing("file-missing", came="there is no such checkpoint", remedy="check the path", file=path)
    try:
        with safetensors.safe_open(path, "np") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no dict
    except safetensors.SafetensorError as fault:
        raise CvkitError(
            "checkpoint-damaged", came=f"the checkpoint is damaged ({fault})", remedy="use an older one", file=path
        ) from None
    if _digest(tensors) != about.get("sha256"):
        raise CvkitError(
            "checkpoint-damaged", came="the checkpoint is damaged (SHA-256 differs)", remedy="use an older one",
            file=path,
        )  # fmt: skip
    _assign(path, tensors, _named(parts))
    return json.loads(about["notes"])


def _assign(path: Path, tensors: dict, variables: list[tuple]) -> None:
    for name, variable in variables:
        found = tensors.get(name)
        if found is None or found.shape != tuple(variable.shape) or len(tensors) != len(variables):
            came = f"{len(tensors)} variables" if found is None else f"{name} {found.shape} of {len(tensors)}"
            raise CvkitError(
                "checkpoint-other", f"the state of another model: expected {name} {tuple(variable.shape)} "
                f"of {len(variables)} variables", came=came, remedy="build the model as it was", file=path,
            )  # fmt: skip
    for name, variable in variables:
        variable.assign(tensors[name])


def _named(parts: dict[str, list]) -> list[tuple]:
    return [(f"{part}/{index:03d}", value) for part, values in parts.items() for index, value in enumerate(values)]


def _digest(tensors: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode() + str(tensors[name].dtype).encode() + np.ascontiguousarray(tensors[name]).tobytes())
    return digest.hexdigest()
