"""What came of a batch, file by file."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cvkit.errors import shown

SHOWN = 20  # failures in the printed summary; the journal has them all


class Row(NamedTuple):
    """What came of one file."""

    file: str
    status: str  # "done", "kept" from an earlier run, or "failed"
    seconds: float | None  # that it took when it was done; None if its worker was lost
    objects: int | None  # in labels or a table
    output: str | None  # from the folder of answers
    reason: str | None  # why it failed


@dataclass(frozen=True)
class Summary:
    """What came of a batch.

    Examples
    --------
    >>> rows = [Row("a.png", "done", 0.1, 7, "a-labels.png", None), Row("b.png", "failed", 0.0, None, None, "empty.")]
    >>> print(Summary(rows, Path("out"), 2.0))
    1 done, 1 failed, 2 s -> out
    b.png: empty.
    """

    rows: list[Row]
    folder: Path
    seconds: float

    @property
    def failed(self) -> list[Row]:
        """The rows of the files that failed."""
        return [row for row in self.rows if row.status == "failed"]

    def __str__(self) -> str:
        failed = self.failed
        kept = sum(row.status == "kept" for row in self.rows)
        before = f" ({kept} of them before)" if kept else ""
        end = f"{len(failed)} failed, {self.seconds:.0f} s -> {shown(self.folder)}"
        lines = [f"{len(self.rows) - len(failed)} done{before}, {end}"]
        lines += [f"{shown(row.file)}: {row.reason}" for row in failed[:SHOWN]]
        more = len(failed) - SHOWN
        return "\n".join(lines + [f"... and {more} more: see journal.jsonl there"] * (more > 0))
