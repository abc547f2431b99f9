"""Classical operations against the libraries that offer them, in one run.

    PYTHONPATH=. python benchmarks/classic.py [--parts global local pages components boxes] [--sizes 512 2048 8192]
        [--seconds 4] [--only NAME ...]

Wants the peers beside cvkit, see `benchmarks/peers.sh`; those that are missing are left out. All run interleaved on
the same arrays, first on one core, then on all; the figures are medians. One part at one size takes some 3 to 6
minutes, so that parts may be measured apart: what was measured is kept in `results/classic.jsonl`, and the pages of
results, `classic-goals.md` among them, are written anew from all of it. `--sizes` without any writes the pages only.
"""

import argparse
import contextlib
import ctypes
import datetime
import importlib
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import classic_results
import cv2
import numpy as np
from common import commit, processor
from skimage import data

from cvkit.classic import kernel

PARTS = ("global", "local", "pages", "components", "boxes")
LIBRARIES = (
    "numpy opencv-contrib-python scikit-image scipy SimpleITK mahotas connected-components-3d diplib fill_voids lsnms "
    "doxapy pycocotools"
)


def scenes(side: int) -> dict[str, np.ndarray]:
    """Real images, mirrored to the size, with noise that keeps caches and branches honest."""
    rng = np.random.default_rng(0)
    noise = rng.triangular(-6, 0, 6, (side, side)).astype(np.float32)
    grey, page = (_mirrored(getattr(data, name)(), side) + noise for name in ("camera", "page"))
    blurred = cv2.GaussianBlur(rng.standard_normal((side, side), np.float32), (0, 0), 8)
    found = {"grey": grey.clip(0, 255).astype(np.uint8), "page": page.clip(0, 255).astype(np.uint8)}
    ink = cv2.adaptiveThreshold(found["page"], 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 51, 20) > 0
    deep = ((grey + 6) * 240).clip(0, 65535).astype(np.uint16)
    return found | {"deep": deep, "real": grey / 255, "blobs": blurred > 0.02, "text": ink}


def _mirrored(image: np.ndarray, side: int) -> np.ndarray:
    tile = np.block([[image, image[:, ::-1]], [image[::-1], image[::-1, ::-1]]])
    times = [-(-side // length) for length in tile.shape]
    return np.tile(tile, times)[:side, :side].astype(np.float32)


def measure(calls: dict[str, Callable], seconds: float) -> dict[str, float]:
    """Median seconds of each, interleaved; a call that takes long is made less often."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for name, call in calls.items():  # also a warm-up, which is not counted unless it has used up its time
        start = time.perf_counter()
        call()
        if (once := time.perf_counter() - start) > seconds / len(calls):
            spent[name].append(once)
    while waiting := [n for n in calls if sum(spent[n]) < seconds / len(calls) and len(spent[n]) < 25]:
        for name in waiting:
            start = time.perf_counter()
            calls[name]()
            spent[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in spent.items()}


def peak(call: Callable) -> float:
    """Bytes that a call needs at most, beyond what is there before and its arguments."""
    ctypes.CDLL(None).malloc_trim(0)  # what was freed before is not to be had for nothing
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    kept = call()
    most = _memory("VmHWM") - before
    del kept
    return max(most, 0) * 1024


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


@contextlib.contextmanager
def cores(many: set[int]):
    """Bind this process to some cores: whatever a library starts, it has these."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, many)
    cv2.setNumThreads(len(many))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
        cv2.setNumThreads(len(before))


def records(part: str, side: int, seconds: float, only: list[str]) -> Iterator[dict]:
    """Measure every operation of a part: seconds of ours and of every peer, on one core and on all."""
    everything = os.sched_getaffinity(0)
    for name, ours, peers, *more in importlib.import_module(f"classic_{part}").cases(scenes(side)):
        if only and not name.startswith(tuple(only)):
            continue
        pixels, says = (*more, side * side, None)[:2] if len(more) != 1 else (more[0], None)
        calls = {"cvkit": ours} | peers
        with cores({min(everything)}):
            one = measure(calls, seconds)
        with cores(everything):
            all_, memory = measure(calls, seconds), peak(ours)
        found = {"part": part, "operation": name, "side": side, "pixels": pixels, "one": one, "all": all_}
        yield found | {"bytes": memory, "says": says() if says else ""}


def floor(side: int, seconds: float) -> dict:
    """How fast memory is copied and values are counted: nothing that reads an image can be faster."""
    grey = scenes(side)["grey"]
    out = np.empty_like(grey)
    calls = {
        "copying": lambda: np.copyto(out, grey),
        "histogram": lambda: cv2.calcHist([grey], [0], None, [256], [0, 256]),
    }
    with cores({min(os.sched_getaffinity(0))}):
        found = measure(calls, seconds)
    return {"part": "floor", "operation": "floor", "side": side, "pixels": side * side, "one": found}


def run() -> dict:
    """What is true of all that is measured now."""
    libraries = [f"{library} {version(library)}" for library in LIBRARIES.split() if _installed(library)]
    found = {"date": str(datetime.date.today()), "commit": commit(), "cores": os.cpu_count()}
    compiled = kernel.takes(np.zeros((1, 1), np.uint8))
    libraries.append("cvkit's kernel compiled" if compiled else "cvkit without its compiled kernel")
    return found | {"processor": processor(), "libraries": ", ".join(libraries)}


def _installed(library: str) -> bool:
    with contextlib.suppress(PackageNotFoundError):
        return bool(version(library))
    return False


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--sizes", nargs="*", type=int, default=[512, 2048, 8192])
    parser.add_argument("--seconds", type=float, default=4.0, help="for each operation, size and number of cores")
    parser.add_argument("--only", nargs="+", default=[], help="operations whose names start so")
    given = parser.parse_args()
    facts = run()
    for size in given.sizes:
        classic_results.keep(floor(size, given.seconds) | {"run": facts})
        for part in given.parts:
            for record in records(part, size, given.seconds, given.only):
                classic_results.keep(record | {"run": facts})
                print(json.dumps(record), flush=True)
    classic_results.write_pages()
