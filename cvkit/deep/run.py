"""The folder of a training: what it is, how far it came, and enough to go on from there.

    config.json               what the training was asked for
    history.csv, curves.png   scores of every epoch
    predictions.png           what the network says by now of the pairs held back, if any
    state-0, state-1          the last two epochs: weights, optimizer, best weights; gone once the model is written
    model/                    the model

Every file is written beside its place and moved there, so that whatever stops the machine leaves the old or the new.
"""

import csv
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from cvkit.errors import CvkitError
from cvkit.io import write_bytes


class Run:
    """A run folder.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    config : dict
        What decides the training; anything JSON can hold. ``digest``: a dict of the contents of its data, see
        `cvkit.deep.digest`; a folder without any was written before there were such, and goes on.

    Raises
    ------
    CvkitError
        If the folder holds another training of which something was learnt, or other files.
    """

    def __init__(self, folder: str | Path, config: dict) -> None:
        self.folder, path = Path(folder), Path(folder) / "config.json"
        config = json.loads(json.dumps(config))
        files = [file.name for file in self.folder.iterdir()] if self.folder.exists() else []
        others = [name for name in files if name != path.name and not name.startswith(".")]
        before = json.loads(path.read_text("utf-8")) if path.is_file() else None
        if before is not None and (others or "cvkit" not in before):  # else nothing was learnt of what was asked for
            if differs := _differences(before, config):
                raise CvkitError(
                    "run-other",
                    came=f"it holds another training ({', '.join(differs)} differ)",
                    remedy="choose another `out` or delete it",
                    file=folder,
                )
            return
        if others:
            raise CvkitError(
                "folder-other", came="it holds other files", remedy="choose a new folder for the training", file=folder
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write("config.json", (json.dumps(config, indent=2) + "\n").encode())

    @property
    def model(self) -> Path:
        """Where the model will be."""
        return self.folder / "model"

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the folder, whole or not at all."""
        write_bytes(self.folder / name, content)

    def write_history(self, rows: list[dict]) -> None:
        """Write one line an epoch."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        self.write("history.csv", text.getvalue().encode())

    def save(self, tensors: dict[str, np.ndarray], state: dict) -> None:
        """Keep the state after an epoch, ``state["epoch"]``, in the place of that two epochs ago."""
        about = {"state": json.dumps(state), "checksum": _checksum(tensors)}
        self.write(f"state-{state['epoch'] % 2}", safetensors.numpy.save(tensors, about))

    def load(self) -> tuple[dict[str, np.ndarray], dict] | None:
        """Give the newest state that is whole; None if there is none."""
        found = [state for state in map(_read, self._states()) if state]
        return max(found, key=lambda state: state[1]["epoch"], default=None)

    def clear(self) -> None:
        """Remove the states."""
        for path in self._states():
            path.unlink(missing_ok=True)

    def _states(self) -> list[Path]:
        return [self.folder / f"state-{number}" for number in (0, 1)]


def _differences(before: dict, config: dict) -> list[str]:
    """Name what is not the same in two configurations."""
    before = {"digest": config.get("digest"), **before}
    names = [name for name in {**before, **config} if before.get(name) != config.get(name)]
    if "digest" in names:
        old, new = before["digest"] or {}, config.get("digest") or {}
        parts = [part for part in {**old, **new} if old.get(part) != new.get(part)]
        names[names.index("digest")] = f"the images or truths of {' and '.join(parts)}"
    return names


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict] | None:
    """Read a state; None if it is not there or not as it was written."""
    try:
        with safetensors.safe_open(path, "np") as file:
            about, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, safetensors.SafetensorError):
        return None
    return (tensors, json.loads(about["state"])) if about["checksum"] == _checksum(tensors) else None


def _checksum(tensors: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(np.ascontiguousarray(tensors[name]).tobytes())
    return digest.hexdigest()
