"""The variables of a training by name, and in one safetensors file; `cvkit.deep.run` keeps two generations."""

from pathlib import Path

import keras
import numpy as np
import safetensors
import safetensors.numpy

from cvkit.errors import CvkitError, FileMissing
from cvkit.io import write_bytes


def tensors_of(parts: dict[str, list]) -> dict[str, np.ndarray]:
    """The values of variables, named by their part and place.

    Parameters
    ----------
    parts : dict of lists of variables
        Everything that a training changes: weights, moments, counters, seeds.
    """
    return {name: np.asarray(keras.ops.convert_to_numpy(variable)) for name, variable in _named(parts)}


def set_tensors(parts: dict[str, list], tensors: dict[str, np.ndarray], file: str | Path) -> None:
    """Set variables to such values, all or none of them.

    Raises
    ------
    CvkitError
        If they are of other variables; the file that they came from is named.
    """
    variables = _named(parts)
    for name, variable in variables:
        found, wanted = tensors.get(name), tuple(variable.shape)
        if found is None or found.shape != wanted or len(tensors) != len(variables):
            came = "none" if found is None else f"{found.shape} of {len(tensors)}"
            raise CvkitError(
                "checkpoint-other", f"the state of another model: expected {name} {wanted} of {len(variables)} "
                "variables", came=came, remedy="build the model as it was", file=file,
            )  # fmt: skip
    for name, variable in variables:
        variable.assign(tensors[name])


def write_state(path: str | Path, parts: dict[str, list], *, overwrite: bool = True) -> None:
    """Write variables into one file, whole or not at all."""
    path = Path(path)
    if path.exists() and not overwrite:
        raise CvkitError("file-exists", came="the file is there already", remedy="choose another name", file=path)
    write_bytes(path, safetensors.numpy.save(tensors_of(parts)))


def read_state(path: str | Path, parts: dict[str, list]) -> None:
    """Set variables to what a file holds, all or none of them.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CvkitError
        If it is damaged, or holds other variables.
    """
    path = Path(path)
    if not path.is_file():
        raise FileMissing("file-missing", came="there is no such state", remedy="check the path", file=path)
    try:
        tensors = safetensors.numpy.load(path.read_bytes())
    except safetensors.SafetensorError as fault:
        raise CvkitError("checkpoint-damaged", came=f"the state is damaged ({fault})", file=path) from None
    set_tensors(parts, tensors, path)


def _named(parts: dict[str, list]) -> list[tuple]:
    return [(f"{part}/{place:03d}", value) for part, values in parts.items() for place, value in enumerate(values)]
