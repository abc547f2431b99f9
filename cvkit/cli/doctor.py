"""`cvkit doctor`: whether this machine has what cvkit needs, and what to do if not."""

import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

import click

import cvkit
from cvkit.cli._output import answer, json_option, say

_SYSTEM = "apt-get install libxcb1 libgl1 libglib2.0-0, or put opencv-python-headless in the place of opencv-python"
_COLOURS = {"ok": "green", "note": "yellow", "missing": "red"}


@click.command()
@json_option
def command() -> None:
    """Check the libraries, the folders and the machine. The exit code is 1 if something is missing.

    \b
    cvkit doctor
    """
    found = []
    for state, what in (*_libraries(), *_opencv(), *_kernel(), *_folders(), *_machine()):
        found.append({"state": state, "what": what})
        say(click.style(f"{state:9}", fg=_COLOURS[state]) + what)
    answer({"checks": found})
    if faults := sum(one["state"] == "missing" for one in found):
        raise click.ClickException(f"missing: {faults}; the lines above say what to do.")
    say("All is well.")


def _libraries() -> Iterator[tuple[str, str]]:
    from importlib import metadata

    yield "ok", f"cvkit {cvkit.__version__}, Python {platform.python_version()}, {platform.platform()}"
    try:
        requirements = metadata.requires("cvkit") or []
    except metadata.PackageNotFoundError:
        yield "missing", "cvkit is not installed, only found: pip install -e . in its folder"
        return
    for wanted in requirements:
        name, least = re.match(r"([\w.-]+)(?:>=([\d.]+))?", wanted).groups()
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            if "extra ==" not in wanted and not (name == "opencv-python" and _wheels()):
                yield "missing", f"{name}: pip install '{wanted}'"
            continue
        if least and _numbers(found) < _numbers(least):
            yield "missing", f"{name} of at least {least}, there is {found}: pip install --upgrade '{wanted}'"
        else:
            yield "ok", f"{name} {found}"


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)[:3]]


def _wheels() -> list[str]:
    """Give the packages that bring `cv2`."""
    from importlib import metadata

    return sorted(set(metadata.packages_distributions().get("cv2", [])))


def _opencv() -> Iterator[tuple[str, str]]:
    """Look for two wheels that overwrite each other, and for libraries of the system."""
    from importlib import import_module

    if len(wheels := _wheels()) > 1:
        names = " ".join(wheels)
        yield "missing", f"one OpenCV alone, there are {names}: pip uninstall {names}, then pip install {wheels[0]}"
    for name in ("cv2", "PIL.Image", "tifffile", "onnxruntime"):
        try:
            import_module(name)
        except ImportError as fault:
            remedy = _SYSTEM if name == "cv2" else f"pip install --force-reinstall {name.split('.')[0].lower()}"
            yield "missing", f"{name} does not load ({' '.join(str(fault).split())}): {remedy}"


def _kernel() -> Iterator[tuple[str, str]]:
    if any(file.suffix in (".so", ".pyd") for file in (Path(cvkit.__file__).parent / "classic").glob("_windows*")):
        yield "ok", "local thresholds are compiled"
    else:
        yield "note", "local thresholds are not compiled, and slower; install cvkit anew where there is a C compiler"


def _folders() -> Iterator[tuple[str, str]]:
    import tempfile

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    for what, folder, remedy in (
        ("this folder", Path.cwd(), "name another with -o"),
        ("the temporary folder", Path(tempfile.gettempdir()), "name another in TMPDIR"),
        ("the cache", cache, "name another in XDG_CACHE_HOME"),
    ):
        place = next(place for place in (folder, *folder.parents) if place.is_dir())
        try:
            with tempfile.TemporaryFile(dir=place):
                yield "ok", f"{what} {folder} can be written"
        except OSError as fault:
            yield "missing", f"{what} {folder} cannot be written ({fault.strerror}): {remedy}"


def _machine() -> Iterator[tuple[str, str]]:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield "ok", f"processors: {usable} of {os.cpu_count()} usable"
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
        yield "ok" if total >= 2 else "note", f"memory: {total:.1f} GB" + ", little for training" * (total < 2)
