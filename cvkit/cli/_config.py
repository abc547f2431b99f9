"""The options of a command in a TOML file: read from one, and written into one so that a run can be repeated."""

import difflib
import json
from pathlib import Path
from typing import Any

import click

from cvkit.errors import CvkitError, shown

_SAVE = "cvkit.save-config"


class Command(click.Command):
    """A command whose options may stand in a TOML file, and be written into one: ``@click.command(cls=Command)``."""

    def __init__(self, *words, **settings) -> None:
        super().__init__(*words, **settings)
        self.params += [
            click.Option(
                ["--config"], is_eager=True, expose_value=False, callback=_load, metavar="FILE",
                type=click.Path(exists=True, dir_okay=False),
                help="Take options from a TOML file; those that are typed go first.",
            ),
            click.Option(
                ["--save-config"], expose_value=False, callback=_remember, metavar="FILE",
                help="Write the options of this run into a TOML file, to repeat it.",
            ),
        ]  # fmt: skip

    def parse_args(self, context: click.Context, words: list[str]) -> list[str]:
        """Read the options; write them down if that is wished."""
        rest = super().parse_args(context, words)
        if file := context.meta.get(_SAVE):
            _write(self, context, Path(file))
        return rest


def names(command: click.Command) -> dict[str, click.Parameter]:
    """Give the parameters by their names in a file: ``max-pixels`` is ``--max-pixels``, ``images`` the argument."""
    mine = (parameter for parameter in command.params if parameter.expose_value)
    return {max(parameter.opts, key=len).lstrip("-"): parameter for parameter in mine}


def _load(context: click.Context, option: click.Parameter, file: str | None) -> None:
    """Make the options of a file the defaults of this run."""
    if file is None or context.resilient_parsing:
        return
    import tomllib

    try:
        given = tomllib.loads(Path(file).read_text("utf-8"))
    except ValueError as fault:
        raise CvkitError("config-toml", "options in TOML", came=str(fault), file=file) from None
    known = names(context.command)
    defaults = {}
    for name, value in given.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            came = f"`cvkit {context.info_name}` has no option {name!r}"
            raise CvkitError("config-key", came=came, remedy=hint, file=file)
        several = known[name].nargs != 1 or getattr(known[name], "multiple", False)
        values = value if isinstance(value, list) and several else [value]
        if not all(isinstance(one, (str, int, float)) for one in values):
            expected = f"{name!r} must be a text, a number, true or false" + ", or a list of them" * several
            raise CvkitError("config-value", expected, came=shown(value), file=file)
        defaults[known[name].name] = values if several else value
    context.default_map = defaults


def _remember(context: click.Context, option: click.Parameter, file: str | None) -> None:
    context.meta[_SAVE] = file


def _write(command: click.Command, context: click.Context, file: Path) -> None:
    """Write the options that have a value as TOML."""
    from cvkit.io import write_bytes

    lines = [f"# cvkit {context.info_name} --config {shown(file.name)}"]
    for name, parameter in names(command).items():
        value = context.params.get(parameter.name)
        if value is not None and value != ():
            lines.append(f"{name} = {_toml(value)}")
    write_bytes(file, ("\n".join(lines) + "\n").encode("utf-8"))


def _toml(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, (bool, int, float)):
        return str(value).lower()
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
