"""The command line: a command is a file in this folder that holds a click command named `command`.

`cvkit --help` imports them all, so at their top they import click, cvkit and the standard library alone; what is heavy
is imported within the command. Files whose name begins with an underscore are no commands.
"""

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

import cvkit
from cvkit.cli._output import is_typed
from cvkit.errors import CvkitError, shown


class Folder(Mapping):
    """The commands of this folder by name, each imported when it is looked up; `train_gan.py` is ``train-gan``."""

    def __getitem__(self, name: str) -> click.Command:
        if name not in iter(self):
            raise KeyError(name)
        return importlib.import_module(f"{__name__}.{name.replace('-', '_')}").command

    def __iter__(self) -> Iterator[str]:
        files = Path(__file__).parent.glob("[!_]*.py")
        return iter(sorted(file.stem.replace("_", "-") for file in files))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Commands(click.Group):
    """A group that answers a fault of the input in one line, and a misspelt command with the nearest one."""

    def invoke(self, context: click.Context):
        """Run a command; without --debug its expected faults are shown without a traceback."""
        try:
            return super().invoke(context)
        except BrokenPipeError:  # whoever reads has read enough; click ends quietly
            raise
        except KeyboardInterrupt:
            click.echo("\nStopped.", err=True)
            raise click.exceptions.Exit(130) from None
        except (ValueError, TypeError, OSError, ImportError, MemoryError) as fault:
            if context.params["debug"]:
                raise
            code = f"  [{fault.code}]" if isinstance(fault, CvkitError) else ""
            sentence = click.ClickException((shown(fault) or type(fault).__name__) + code)
            sentence.exit_code = 2 if is_typed(fault) else 1
            raise sentence from None


@click.group(cls=Commands, commands=Folder(), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(cvkit.__version__, prog_name="cvkit")
@click.option("--debug", is_flag=True, help="Show the traceback of a fault.")
def main(debug: bool) -> None:
    """Segment images by classical methods and by networks, and compare them.

    \b
    cvkit demo                                  see what it does
    cvkit list                                  all methods and steps
    cvkit try cells.png                         all thresholds on one image, in one picture
    cvkit segment cells.png -m nuclei           one image, one method
    cvkit compare cells.png -m otsu -m nuclei   several methods side by side

    Commands take files, folders, quoted patterns and "-", the standard input. With --json the result is printed for
    machines; with --config options are read from a TOML file. `cvkit completion` completes names in your shell.

    \b
    Exit codes: 0 all went well; 1 a file failed, or all did, and the error stream says why;
    2 the command line is wrong, such as an unknown option or method; 130 stopped by Ctrl-C.
    """
