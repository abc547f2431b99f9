"""Every method for documents with its defaults, and those of scikit-image and doxapy, on the pages of DIBCO 2009-2014.

    PYTHONPATH=. python benchmarks/documents.py PATH

PATH holds `index.csv`, `images/` and `ink/`. Methods that cvkit takes were tuned, if at all, on 2009-2013.
"""

import csv
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from common import table, write_results

import cvkit
from cvkit import registry
from cvkit.arrays import as_gray

EVEN = "flatten_background(by='ratio') | normalize(low=1, high=99)"
SCORES = {"dice": ("F", 100), "pseudo_f": ("pseudo-F", 100), "psnr": ("PSNR", 1), "drd": ("DRD", 1)}
DOXA = ("OTSU", "NIBLACK", "SAUVOLA", "WOLF", "NICK", "BERNSEN", "SINGH", "GATOS", "SU", "WAN", "ISAUVOLA", "ADOTSU")
DOXA += ("PHANSALKAR", "BATAINEH", "FENG", "BRADLEY", "WELLNER", "XDOG")
SKIMAGE = ("otsu", "li", "yen", "isodata", "triangle", "minimum", "mean", "niblack", "sauvola", "local")


def ours() -> dict:
    """Every method of cvkit that gives a mask, its defaults but for dark ink; Howe's on even paper; the network."""
    named = {"cvkit documents *": "documents", "cvkit howe on even paper": f'{EVEN} | howe(foreground="dark")'}
    for name in registry.thresholds():
        text = f'{name}(foreground="dark")'
        if registry.find(name).gives == "mask":
            named[f"cvkit {name}"] = text
    return named


def skimage() -> dict:
    """Scikit-image's thresholds with their defaults; `local` needs a window."""
    from skimage import filters

    def method(name):
        find, given = getattr(filters, f"threshold_{name}"), {"block_size": 51} if name == "local" else {}
        return lambda image: (gray := as_gray(image)) <= find(gray, **given)

    return {f"scikit-image {name}": method(name) for name in SKIMAGE}


def doxa() -> dict:
    """Doxapy's methods with their defaults, those of the installed version."""
    import doxapy

    def method(name):
        def segment(image):
            gray = np.ascontiguousarray(as_gray(image))
            answer = np.empty(gray.shape, np.uint8)
            binarization = doxapy.Binarization(getattr(doxapy.Binarization.Algorithms, name))
            binarization.initialize(gray)
            binarization.to_binary(answer, {})
            return answer == 0

        return segment

    known = [name for name in DOXA if hasattr(doxapy.Binarization.Algorithms, name)]
    return {f"doxapy {name.lower()}": method(name) for name in known}


def peers() -> dict:
    """The methods of what is installed."""
    named = {}
    for load in (skimage, doxa):
        try:
            named |= load()
        except ImportError as fault:
            print(f"left out: {fault}", file=sys.stderr)
    return named


def versions() -> list[str]:
    """Of the libraries that are there."""
    found = []
    for library in ("numpy", "opencv-python", "opencv-contrib-python", "scikit-image", "doxapy"):
        try:
            version(library)
        except PackageNotFoundError:
            continue
        found.append(library)
    return found


def read_index(folder: Path) -> tuple[list, dict[str, str], dict[str, int]]:
    """Pairs of paths, the year of each image, and its pixels."""
    with open(folder / "index.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    paths = [str(folder / "images" / row["file"]) for row in rows]
    pairs = [(path, str(folder / "ink" / row["file"])) for path, row in zip(paths, rows, strict=True)]
    years = {path: row["year"] for path, row in zip(paths, rows, strict=True)}
    sizes = {path: int(row["height"]) * int(row["width"]) for path, row in zip(paths, rows, strict=True)}
    return pairs, years, sizes


def main() -> None:
    """Score all methods on all pages, then one table a score."""
    pairs, year_of, size_of = read_index(Path(sys.argv[1]))
    methods = ours() | peers()
    rows = cvkit.evaluate(methods, pairs, metrics=["pseudo_f", "psnr", "drd"]).rows
    year = np.array([year_of[image] for image in rows["image"]])
    pace = rows["seconds"] / np.array([size_of[image] for image in rows["image"]]) * 1e9
    years = sorted(set(year_of.values()))
    order = sorted(methods, key=lambda label: -np.mean(rows["dice"][rows["method"] == label]))
    parts = []
    for score, (title, scale) in SCORES.items():
        lines = []
        for label in order:
            mine = rows["method"] == label
            each = [rows[score][mine & (year == one)].mean() * scale for one in years]
            cells = [f"{value:.2f}" for value in [*each, rows[score][mine].mean() * scale]]
            lines.append([label, *cells, f"{np.median(pace[mine]):.1f}"])
        parts += [f"## {title}", table(["method", *years, f"all {len(pairs)}", "ns a pixel"], lines)]
    if failed := {(str(m), str(f)) for m, f in zip(rows["method"], rows["failure"], strict=True) if f}:
        parts.append("Failed: " + "; ".join(f"{method}: {reason}" for method, reason in sorted(failed)))
    write_results(
        "documents",
        "PYTHONPATH=. python benchmarks/documents.py PATH",
        versions(),
        "Means over pages; ink is the foreground. F is Dice's coefficient, pseudo-F that of H-DIBCO 2010 (skeleton of "
        "the truth), DRD counts less for better. One setting for all years, all parameters at their defaults; chosen "
        "on 2009-2013, 2014 only measured. Time: median of one call, on a busy machine. *: a network that has learnt "
        f"from 2009-2012; 2013 chose its epoch, and only 2014 is new to it. Even paper: {EVEN}.",
        *parts,
    )


if __name__ == "__main__":
    main()
