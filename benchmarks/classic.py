"""Classical operations against the libraries that offer them, in one run.

    python benchmarks/classic.py [--parts global local components boxes] [--sizes 512 2048 8192] [--seconds 4]

Wants the peers beside cvkit: pip install opencv-contrib-python SimpleITK mahotas connected-components-3d diplib
fill-voids lsnms doxapy pycocotools; those that are missing are left out. All run interleaved on the same arrays, first
on one core, then on all; the figures are medians in nanoseconds a pixel. Takes an hour for everything.
"""

import argparse
import contextlib
import ctypes
import importlib
import os
import statistics
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cv2
import numpy as np
from common import table, write_results
from skimage import data

PARTS = ("global", "local", "components", "boxes")
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
    for name, call in calls.items():  # also a warm-up, which is not counted unless it has used up the time
        start = time.perf_counter()
        call()
        if (once := time.perf_counter() - start) > seconds:
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


def rows(part: str, side: int, seconds: float) -> list[list[str]]:
    """One row for each operation: ours and every peer, ratio to the fastest one."""
    cases = importlib.import_module(f"classic_{part}").cases
    everything, out = os.sched_getaffinity(0), []
    for name, ours, peers in cases(scenes(side)):
        calls = {"cvkit": ours} | peers
        with cores({min(everything)}):
            one = measure(calls, seconds)
        with cores(everything):
            all_ = measure(calls, seconds)
            memory = peak(ours)
        ranked = sorted((all_[peer], peer) for peer in peers)
        pixels = side * side
        out.append(
            [
                name,
                side,
                *(f"{times['cvkit'] / pixels * 1e9:.2f}" for times in (one, all_)),
                f"{all_['cvkit'] * 1e3:.2f}",
                ", ".join(f"{peer} {value / pixels * 1e9:.2f}" for value, peer in ranked) or "none",
                *(_ratio(times, peers) for times in (one, all_)),
                f"{memory / pixels:.1f}",
            ]
        )
        print(*out[-1], sep="  ", flush=True)
    return out


def _ratio(times: dict[str, float], peers: dict) -> str:
    return f"{times['cvkit'] / min(times[peer] for peer in peers):.2f}" if peers else ""


def floor(side: int, seconds: float) -> list[str]:
    """How fast memory is copied and values are counted: nothing that reads an image can be faster."""
    grey = scenes(side)["grey"]
    out = np.empty_like(grey)
    calls = {
        "copy": lambda: np.copyto(out, grey),
        "histogram": lambda: cv2.calcHist([grey], [0], None, [256], [0, 256]),
    }
    with cores({min(os.sched_getaffinity(0))}):
        found = measure(calls, seconds)
    return [side, *(f"{found[name] / side**2 * 1e9:.3f}" for name in calls)]


def _installed(library: str) -> bool:
    with contextlib.suppress(PackageNotFoundError):
        return bool(version(library))
    return False


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--sizes", nargs="+", type=int, default=[512, 2048, 8192])
    parser.add_argument("--seconds", type=float, default=4.0, help="for each operation, size and number of cores")
    given = parser.parse_args()
    head = [
        "operation",
        "side",
        "cvkit, 1 core",
        "cvkit",
        "cvkit, ms",
        "peers",
        "ratio, 1 core",
        "ratio",
        "bytes/pixel",
    ]
    for part in given.parts:
        found = [row for side in given.sizes for row in rows(part, side, given.seconds)]
        write_results(
            f"classic-{part}",
            f"python benchmarks/classic.py --parts {part}",
            [library for library in LIBRARIES.split() if _installed(library)],
            "Medians in nanoseconds a pixel, on all cores unless said; the ratio is to the fastest peer, below 1 is "
            "faster. Bytes a pixel: what cvkit needs at most beyond the image, its answer included.",
            table(["side", "copying", "histogram"], [floor(side, given.seconds) for side in given.sizes]),
            table(head, found),
        )
