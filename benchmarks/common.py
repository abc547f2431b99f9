"""What the benchmarks share: the facts of the machine, and results as a page of Markdown."""

import datetime
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent


def write_results(name: str, command: str, libraries: Sequence[str], *parts: str) -> None:
    """Write `results/NAME.md`: what was run, where and when, then the parts; print it too."""
    versions = ", ".join(f"{library} {version(library)}" for library in libraries)
    facts = [
        f"# {name}",
        f"`{command}`",
        f"{datetime.date.today()}, commit {commit()}, {processor()}, {os.cpu_count()} cores, "
        f"{platform.system()}, Python {platform.python_version()}, {versions}.",
    ]
    text = "\n\n".join([*facts, *parts]) + "\n"
    (HERE / "results" / f"{name}.md").write_text(text, "utf-8")
    print(text)


def commit() -> str:
    """The commit that is measured, marked if files differ from it."""
    words = ["git", "-C", str(HERE), "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def table(head: Sequence[str], rows: Sequence[Sequence]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
