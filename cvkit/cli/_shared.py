"""Where the answers of the command line go."""

import csv
from pathlib import Path

import cvkit
from cvkit.arrays import kind_of

SUFFIX = {"table": ".csv"}


def destination(image: Path, answer, output: Path | None, several: bool) -> Path:
    """Choose the file for an answer: `output` itself, a file in it if it is a folder, else one in this folder."""
    kind = kind_of(answer)
    name = f"{image.stem}-{kind}{SUFFIX.get(kind, '.png')}"
    if output is None:
        path = Path(name)
    elif several or output.is_dir() or not output.suffix:
        output.mkdir(parents=True, exist_ok=True)
        path = output / name
    else:
        path = output
    if path.exists() and path.samefile(image):
        raise ValueError(f"{path}: the answer would replace the image; choose another name with -o.")
    return path


def save(path: Path, answer) -> None:
    """Write an image by its suffix, or a table as CSV."""
    if kind_of(answer) != "table":
        cvkit.write(path, answer)
        return
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(answer)
        writer.writerows(zip(*(column.tolist() for column in answer.values()), strict=True))


def tell(answer) -> str:
    """Say in a few words what an answer holds."""
    kind = kind_of(answer)
    if kind == "table":
        return f"{len(next(iter(answer.values())))} objects measured"
    if kind == "labels":
        return f"{answer.max()} objects"
    if kind == "mask":
        return f"mask, {answer.mean():.1%} foreground"
    return f"classes {', '.join(map(str, sorted(set(answer.ravel().tolist()))))}"


def check_folder(path: Path) -> None:
    """Refuse a file in a folder that is not there, before the work for it is done."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}; make it first.")
