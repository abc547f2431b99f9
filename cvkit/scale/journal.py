"""The journal of a folder: what has been done in it, so that a run which was stopped goes on, and only one writes."""

import contextlib
import datetime
import json
import os
import socket
from pathlib import Path

from cvkit.errors import CvkitError
from cvkit.io import explained

NAME = "journal.jsonl"
STUMPS = ".cvkit-*"  # what `cvkit.io.write` leaves of a file when its process is killed


class Journal:
    """Lines of JSON in ``journal.jsonl``: one a run, then one for each of its files, then one at its end.

    A file counts as done if a line says so that was written under the same settings, from a file of the same size and
    time, and its output is there. One that failed is not tried again in a run that was stopped and goes on, but once
    that has come to its end, or if the limits have changed.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    settings : dict
        What the outputs depend on; JSON.
    limits : list
        What only the failures depend on; JSON.

    Raises
    ------
    CvkitError
        If another process writes here, or the folder cannot be written to.
    """

    def __init__(self, folder: Path, settings: dict, limits: list) -> None:
        self.folder, self.path = folder, folder / NAME
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        try:
            self.lines: dict[str, dict] = {}
            lock, whose = _lock(self.file), self._load(settings, limits)
            if not lock:
                came = f"{whose} is writing here"
                raise CvkitError("folder-busy", came=came, remedy="wait for it, or choose another folder", file=folder)
            os.ftruncate(self.file, self.whole)
            now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
            me = {"process": os.getpid(), "host": socket.gethostname(), "began": now}
            self.write({"run": settings, "limits": limits} | me)
        except BaseException:
            os.close(self.file)
            raise

    def known(self, name: str, stamp: str) -> dict | None:
        """Give the line of a file that need not be done again."""
        line = self.lines.get(name)
        if line is None or line["stamp"] != stamp:
            return None
        return line if "reason" in line or (self.folder / line["output"]).exists() else None

    def write(self, line: dict) -> None:
        """Add a line, whole or not at all."""
        data = (json.dumps(line) + "\n").encode()
        with explained(self.path):
            end = os.fstat(self.file).st_size
            try:
                while data:
                    data = data[os.write(self.file, data) :]
            except OSError:
                os.ftruncate(self.file, end)
                raise

    def __enter__(self) -> "Journal":
        if self.stopped:
            self._sweep()
        return self

    def __exit__(self, fault: type | None, *_) -> None:
        if fault:
            self._sweep()
        with contextlib.suppress(OSError):
            os.fsync(self.file)
        os.close(self.file)

    def _sweep(self) -> None:
        """Remove what is left of files that were being written when their process was killed."""
        for stump in self.folder.rglob(STUMPS):
            if stump.is_file():  # folders are those of `cvkit.segment_large`, which may be at work
                stump.unlink(missing_ok=True)

    def _load(self, settings: dict, limits: list) -> str:
        """Read the lines that count; give whose the last run was."""
        same = alike = False
        self.stopped, self.whole, whose = False, 0, "another process"
        with open(self.path, "rb") as file:
            for text in file:
                if not text.endswith(b"\n"):
                    break  # its process was killed while writing it
                self.whole += len(text)
                line = _parse(text)
                if "run" in line:
                    same, alike, self.stopped = line["run"] == settings, line["limits"] == limits, True
                    whose = f"process {line['process']} on {line['host']}"
                elif "end" in line:
                    self.lines = {name: line for name, line in self.lines.items() if "reason" not in line}
                    self.stopped = False
                elif "name" in line:
                    self.lines.pop(line["name"], None)
                    if same and (alike or "reason" not in line):
                        self.lines[line["name"]] = line
        return whose


def _parse(text: bytes) -> dict:
    try:
        line = json.loads(text)
    except ValueError:  # not written by cvkit
        return {}
    return line if isinstance(line, dict) else {}


def _lock(file: int) -> bool:
    """Lock a file; tell whether it was free. The system lets it go with the process, however that ends."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # the latter from some network file systems
        return False
    except OSError:  # a file system without locks
        return True
    return True
