"""What commands print: for people or, with ``--json``, for machines. Nothing heavy is imported here."""

import json
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

import click

from cvkit.errors import CvkitError

_JSON = "cvkit.json"
# How the codes of faults begin that lie in what was typed, not in a file: they end a run at once, with exit code 2.
_TYPED = ("config", "GAN", "images", "method", "methods", "network", "parameter", "pipeline", "score", "tuning")


def json_option(command: Callable) -> Callable:
    """Give a command ``--json``: what it hands to `answer` goes to the output, what it hands to `say` does not."""

    def remember(context: click.Context, option: click.Parameter, wanted: bool) -> None:
        context.meta[_JSON] = wanted

    words = "Print the result as JSON, and all else on the error stream."
    return click.option("--json", is_flag=True, expose_value=False, callback=remember, help=words)(command)


def wants_json() -> bool:
    """Tell whether the result is to be JSON."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(_JSON))


def say(text: str = "", *, err: bool = False, **style) -> None:
    """Print for people: on the output or, where that is for machines, on the error stream; past a bar, if any."""
    stream = sys.stderr if err or wants_json() else sys.stdout
    if "tqdm" in sys.modules and sys.stderr.isatty():
        text = click.style(text, **style)
        sys.modules["tqdm"].tqdm.write(text if stream.isatty() else click.unstyle(text), file=stream)
    else:
        click.secho(text, file=stream, **style)


def answer(result: Mapping) -> None:
    """Print for machines, if that is wished: one JSON object, what is not a number null."""
    if wants_json():
        click.echo(json.dumps(_plain(result), ensure_ascii=False, allow_nan=False))


def records(table: Mapping) -> list[dict]:
    """Turn a table of columns into a list of rows."""
    return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (str, int)) else str(value)


def is_typed(fault: Exception) -> bool:
    """Tell whether a fault lies in what was typed, such as an unknown method, and not in a file."""
    return isinstance(fault, CvkitError) and fault.code.partition("-")[0] in _TYPED
