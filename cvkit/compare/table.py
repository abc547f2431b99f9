"""A comparison as plain text: methods as rows, the best of each column marked, the winners in words."""

import re
import shutil
import textwrap

import numpy as np

from cvkit.compare.scores import BEST_IS_LOW

TITLES = {
    "dice": "Dice",
    "ap50": "AP50",
    "mean_iou": "mean IoU",
    "iou": "IoU",
    "precision": "precision",
    "recall": "recall",
    "pseudo_f": "pseudo-F",
    "psnr": "PSNR",
    "drd": "DRD",
    "agreement": "agreement",
    "coverage": "coverage",
    "objects": "objects",
    "seconds": "time",
    "memory": "memory",
    "failures": "failed",
}
WITH_INTERVAL = ("dice", "ap50", "mean_iou", "agreement")
UNRANKED = ("agreement", "coverage", "objects", "true_objects", "memory", "failures")
WINNERS = {"dice": "Best Dice", "mean_iou": "Best mean IoU", "ap50": "Best AP50", "seconds": "Fastest"}
# What can be spared where the window is narrow: IoU ranks images as Dice does.
SPARE = ("memory", "iou", "recall", "precision")
NARROWEST = 18  # of the method's column
GAP = "  "


def text(summary: dict[str, np.ndarray], width: int | None = None) -> str:
    """Write the summary of a comparison as a table.

    Parameters
    ----------
    summary : dict of arrays
        As `Comparison.summary` gives it.
    width : int, optional
        In signs; by default that of the terminal within 80..120. Columns that do not fit are left out, and named.

    Returns
    -------
    text : str
        Several lines.
    """
    width = width or _width()
    shown = {name: _column(summary, name) for name in columns(summary)}
    left_out = []
    while _room(shown, width) < NARROWEST and (spare := [name for name in SPARE if name in shown]):
        left_out.append(title(spare[0]))
        del shown[spare[0]]
    room = min(max(_room(shown, width), NARROWEST), max(map(len, [*map(printable, summary["method"]), "method"])))
    lines = _lines(summary, shown, room, width)
    rule = "-" * max(map(len, lines))
    body = [lines[0].rstrip(), rule, *(line.rstrip() for line in lines[1:]), rule]
    words = [_meaning(summary, left_out), *notes(summary)]
    return "\n".join(body + [textwrap.fill(note, width, break_on_hyphens=False) for note in words if note])


def columns(summary: dict[str, np.ndarray]) -> list[str]:
    """The scores that are worth a column, in their order: those that some method has."""
    return [name for name in _order(summary) if _matters(summary, name)]


def notes(summary: dict[str, np.ndarray]) -> list[str]:
    """Say in words who failed on some of the images, and who is best in what."""
    return [note for note in (*_failures(summary), _winners(summary)) if note]


def title(name: str) -> str:
    """What a column is called.

    Examples
    --------
    >>> title("ap50"), title("boundary_f")
    ('AP50', 'boundary f')
    """
    return TITLES.get(name, name.replace("_", " "))


def beaten(row: dict) -> str:
    """Say how two methods compare: a row of `Comparison.paired`.

    Examples
    --------
    >>> row = {"first": "a", "second": "b", "difference": 0.1, "low": 0.05, "high": 0.2, "sure": 0.98}
    >>> beaten(row | {"wins": 7, "ties": 1, "losses": 2})
    '  a beats b by 0.100 [0.050, 0.200], on 7 of 10 images; sure 98 %'
    """
    count = row["wins"] + row["ties"] + row["losses"]
    if row["difference"] == 0:
        return _wrapped(f"{row['first']} and {row['second']} are equal on {count} images")
    interval = f"by {abs(row['difference']):.3f} [{row['low']:.3f}, {row['high']:.3f}]"
    words = f"{interval}, on {row['wins']} of {count} images; sure {row['sure']:.0%}".replace("%", " %")
    return _wrapped(f"{row['first']} beats {row['second']} {words}")


def _wrapped(words: str) -> str:
    return textwrap.fill(
        printable(words), _width(), initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
    )


def _width() -> int:
    return min(max(shutil.get_terminal_size((100, 24)).columns, 80), 120)


def _order(summary: dict) -> list[str]:
    """The columns; scores that were asked for stand behind the usual ones."""
    asked = [name for name in summary if f"{name}_low" in summary and name not in TITLES]
    usual = list(TITLES)
    place = usual.index("agreement")
    return [*usual[:place], *asked, *usual[place:]]


def _matters(summary: dict, name: str) -> bool:
    if name == "failures":
        return bool(((summary["failures"] > 0) & (summary["failures"] < summary["images"])).any())
    if name not in summary:
        return False
    if name == "coverage" and not np.isnan([summary["dice"], summary["mean_iou"]]).all():
        return False
    return not np.isnan(summary[name]).all()


def _column(summary: dict, name: str) -> list[str]:
    """Title and cells of a column, equally wide."""
    best = set(best_rows(summary, name))
    signs = [f"{_cell(summary, name, row)}{'*' if row in best else ' '}" for row in range(len(summary["method"]))]
    cells = [f"{title(name)} ", *signs]
    if not best:
        cells = [cell[:-1] for cell in cells]
    return [cell.rjust(max(map(len, cells))) for cell in cells]


def _cell(summary: dict, name: str, row: int) -> str:
    shown = written(name, summary[name][row])
    low, high = (summary.get(f"{name}_{end}", np.full(row + 1, np.nan))[row] for end in ("low", "high"))
    if name == "failures":
        return f"{shown} of {summary['images'][row]}" if summary["failures"][row] else "0"
    return f"{shown} [{low:.2f}, {high:.2f}]" if name in WITH_INTERVAL and not np.isnan(low) else shown


def written(name: str, value: float) -> str:
    """Write a number of a column.

    Examples
    --------
    >>> written("dice", 0.5), written("memory", 2.5e6)
    ('0.500', '2 MB')
    """
    if np.isnan(value):
        return "-"
    if name == "seconds":
        return duration(value)
    if name == "memory":
        return f"{value / 1e6:.0f} MB"
    return f"{value:.0f}" if name in ("objects", "true_objects", "memory", "failures") else f"{value:.3f}"


def duration(seconds: float) -> str:
    """Write a time in milliseconds, from one second on in seconds.

    Examples
    --------
    >>> duration(0.000042), duration(0.0042), duration(1.25), duration(300)
    ('0.042 ms', '4.2 ms', '1.2 s', '300 s')
    """
    value, unit = (seconds * 1000, "ms") if seconds < 0.9995 else (seconds, "s")
    digits = sum(value < limit for limit in (9.95, 0.995, 0.0995))
    return f"{value:.{digits}f} {unit}"


def best_rows(summary: dict, name: str) -> list[int]:
    """The rows whose value, as it is printed, is the best; a method that failed on some image cannot be."""
    values = np.where(summary["failures"] == 0, summary.get(name, np.nan), np.nan).astype(float)
    if name in UNRANKED or np.isnan(values).all() or len(values) < 2:
        return []
    best = written(name, np.nanmin(values) if name in BEST_IS_LOW else np.nanmax(values))
    if name not in BEST_IS_LOW and float(best) == 0:
        return []
    return [row for row, value in enumerate(values) if written(name, value) == best]


def _room(columns: dict[str, list[str]], width: int) -> int:
    """What the columns leave for the method."""
    return width - sum(len(cells[0]) + len(GAP) for cells in columns.values())


def _lines(summary: dict, columns: dict, room: int, width: int) -> list[str]:
    lines = ["method".ljust(room) + "".join(GAP + cells[0] for cells in columns.values())]
    for row, label in enumerate(summary["method"]):
        label, *rest = (
            wrap(printable(label), room) if len(printable(label)) <= room else wrap(printable(label), room - 2)
        )
        label = [label, *(f"  {part}" for part in rest)]
        if summary["failures"][row] == summary["images"][row]:
            beside = wrap(printable(f"failed: {summary['failure'][row]}"), width - room - len(GAP))
        else:
            beside = ["".join(GAP + cells[row + 1] for cells in columns.values())[len(GAP) :]]
        label += [""] * (len(beside) - len(label))
        beside += [""] * (len(label) - len(beside))
        lines += [left.ljust(room) + GAP + right for left, right in zip(label, beside, strict=True)]
    return lines


def _meaning(summary: dict, left_out: list[str]) -> str:
    """What the numbers stand for."""
    images, objects = int(summary["images"].max()), summary["true_objects"]
    notes = []
    if images > 1:
        notes.append(f"Means over {images} images, in brackets their 95 % interval; the time is the median.")
    if not np.isnan(objects).all():
        notes.append(f"AP50 is of objects, matched at IoU 0.5; the truth holds {np.nanmax(objects):.0f}.")
    if left_out:
        notes.append(f"Left out to fit: {', '.join(left_out)}; .summary() has all.")
    return " ".join(notes)


def _failures(summary: dict) -> list[str]:
    partly = np.flatnonzero((summary["failures"] > 0) & (summary["failures"] < summary["images"]))
    return [
        printable(
            f"{summary['method'][row]} failed on {summary['failures'][row]} of {summary['images'][row]} images and is "
            f"not ranked; first on {summary['failed_image'][row]}: {summary['failure'][row]}"
        )
        for row in partly
    ]


def _winners(summary: dict) -> str:
    """Who is best in what, in words."""
    words = []
    for name, title in WINNERS.items():
        if rows := best_rows(summary, name):
            value = summary[name][rows[0]]
            shown = duration(value) if name == "seconds" else f"{value:.2f}"
            who = [printable(summary["method"][row]) for row in rows]
            words.append(f"{title}: {'all' if len(who) == len(summary['method']) else ', '.join(who)} ({shown}).")
    if np.isnan([summary["dice"], summary["mean_iou"]]).all() and len(summary["method"]) > 1:
        words.insert(0, "Without truth none can be called the best; agreement is the mean Dice with the others.")
    return " ".join(words)


def printable(label: str) -> str:
    """No line breaks, and nothing that a terminal of UTF-8 cannot print."""
    return " ".join(str(label).split()).encode("utf-8", "backslashreplace").decode()


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines: behind a step or a word, within longer ones behind a bracket or a slash, or anywhere.

    Examples
    --------
    >>> wrap("adaptive_mean(window=101) | fill_holes | split", 18)
    ['adaptive_mean(', 'window=101) |', 'fill_holes | split']
    """
    lines = [""]
    for piece in re.findall(r"\S+(?: \|)?\s*", text):
        parts = [piece] if len(piece.rstrip()) <= width else re.findall(r"[^(/]*[(/]\s*|[^(/]+", piece)
        for part in parts:
            if len(lines[-1] + part.rstrip()) > width and lines[-1]:
                lines.append("")
            lines[-1] += part
            while len(lines[-1].rstrip()) > width:
                lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return [line.rstrip() for line in lines]
