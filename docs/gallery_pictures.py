"""What the gallery needs to run examples as they are: a folder to write to, and the pictures that they leave there."""

import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sphinx_gallery.scrapers import figure_rst

from cvkit.compare import paint

RUNS = Path(__file__).resolve().parent / "_build" / "runs"


def arguments(conf: dict, script: dict) -> list[str]:
    """Give an example the folder that its docstring asks for, and no more: its quick form."""
    file = Path(script["src_file"])
    script["example_globals"]["__file__"] = str(file)
    folder = RUNS / file.stem
    folder.mkdir(parents=True, exist_ok=True)
    asks = re.search(rf"^    python examples/{file.name} \[?(FOLDER|OUT)\b", file.read_text("utf-8"), re.MULTILINE)
    return [os.path.relpath(folder, file.parent)] if asks else []


def pictures(block: tuple, script: dict, conf: dict) -> str:
    """Show the pictures of an example's folder, in the order in which they were written."""
    if block[0] != "code" or len(sys.argv) < 2:
        return ""
    files = [file for file in Path(sys.argv[1]).iterdir() if file.suffix in (".png", ".gif")]
    shown = []
    for file in sorted(files, key=lambda file: file.stat().st_mtime_ns):
        path = Path(next(script["image_path_iterator"])).with_suffix(file.suffix)
        with Image.open(file) as image:
            dark = image.mode in ("L", "I", "I;16")  # such as numbers of objects, which would all look black
            values = np.asarray(image) if dark else None
        if dark:
            Image.fromarray(paint.as_rgb(values)).save(path)
        else:
            shutil.copy(file, path)
        shown.append(str(path))
    return figure_rst(shown, conf["src_dir"]) if shown else ""
