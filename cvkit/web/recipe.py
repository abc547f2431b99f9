"""Pipelines as they come from a browser, and as they are taken away from it."""

import shlex
from pathlib import PurePath
from typing import Any

from cvkit import registry
from cvkit.errors import CvkitError, unknown
from cvkit.pipeline import Pipeline

LONGEST = 4000  # characters of a pipeline
PARTS = 40
_PLAIN = (str, int, float, bool, type(None))


def pipeline_of(given: Any) -> Pipeline:
    """Build a pipeline of names that are registered, and of nothing else: no path of this machine, no function.

    Parameters
    ----------
    given : str, or list of [name, arguments]
        Whatever a browser sent.

    Returns
    -------
    pipeline : Pipeline

    Raises
    ------
    CvkitError
        If it is something else, too long, or names what is not in `cvkit list`.

    Examples
    --------
    >>> str(pipeline_of([["median", {"size": 5}], ["otsu", {}]]))
    'median(size=5) | otsu'
    >>> pipeline_of("runs/cells/model")
    Traceback (most recent call last):
    cvkit.errors.CvkitError: no method or step is called 'runs/cells/model'; ... `cvkit list` shows all.
    """
    if isinstance(given, str) and len(given) <= LONGEST:
        parts = [registry.parse(part) for part in registry.split(given)]
    elif isinstance(given, list) and all(_is_part(part) for part in given):
        parts = [(name, arguments) for name, arguments in given]
    else:
        came = "something that is neither a text of at most 4,000 signs nor steps with arguments"
        raise CvkitError("pipeline-type", "a pipeline was expected", came=came)
    if len(parts) > PARTS:
        raise CvkitError("pipeline-type", f"at most {PARTS} steps are taken", came=str(len(parts)))
    known = [*registry.methods(), *registry.steps()]
    for name, arguments in parts:
        if name not in known:
            raise unknown("method or step", name, known)
        _check(name, arguments)
    return Pipeline(parts)


def _is_part(part: Any) -> bool:
    return isinstance(part, list) and len(part) == 2 and isinstance(part[0], str) and isinstance(part[1], dict)


def _check(name: str, arguments: dict) -> None:
    for key, value in arguments.items():
        if not isinstance(value, _PLAIN) or len(str(value)) > 200:
            came = f"{key} is neither a number nor a short text"
            raise CvkitError("parameter-plain", f"the arguments of {name} must be plain", came=came)


def steps_of(pipeline: Pipeline) -> list[list]:
    """Give the steps as the browser takes them."""
    return [[step.entry.name, step.arguments] for step in pipeline.steps]


def words(pipeline: Pipeline, name: str, page: int | None = None) -> dict[str, str]:
    """Write a pipeline down for the three places where it can be run again.

    Parameters
    ----------
    pipeline : Pipeline
    name : str
        Of the image's file.
    page : int, optional
        Which image of it.

    Returns
    -------
    words : dict
        ``pipeline``, ``command``, ``python``.

    Examples
    --------
    >>> words(Pipeline("otsu(foreground='dark')"), "my scan.png")["command"]
    'cvkit segment "my scan.png" -m "otsu(foreground=\\'dark\\')"'
    """
    text, kind = str(pipeline), pipeline.gives or "answer"
    read = f"cvkit.read({name!r})" if page is None else f"cvkit.read({name!r}, page={page})"
    lines = ["import cvkit", "", f"image = {read}", f"{kind} = cvkit.segment(image, {text!r})"]
    if kind != "table":
        lines.append(f"cvkit.write({answer_name(name, kind)!r}, {kind})")
    file = f"./{name}" if name.startswith("-") else name
    more = "" if page is None else f" --page {page}"
    return {
        "pipeline": text,
        "command": f"cvkit segment {quoted(file)} -m {quoted(text)}{more}",
        "python": "\n".join(lines),
    }


def answer_name(name: str, kind: str) -> str:
    """Name the file of an answer as `cvkit segment` names it."""
    return f"{PurePath(name).stem}-{kind}{'.csv' if kind == 'table' else '.png'}"


def quoted(text: str) -> str:
    """Quote a word of a command: in double quotes where every shell takes them, else as POSIX asks for.

    Examples
    --------
    >>> quoted("otsu"), quoted("otsu | split"), quoted("$a")
    ('otsu', '"otsu | split"', "'$a'")
    """
    if shlex.quote(text) == text:
        return text
    return shlex.quote(text) if set(text) & set('"$`\\!%\n') else f'"{text}"'
