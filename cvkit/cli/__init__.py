"""The command line. Nothing heavy is imported before a command needs it."""

from pathlib import Path

import click

import cvkit


class Commands(click.Group):
    """A group that answers a fault of the input in one line, and a misspelt command with the nearest one."""

    def invoke(self, context: click.Context):
        """Run a command; without --debug its expected faults are shown without a traceback."""
        try:
            return super().invoke(context)
        except BrokenPipeError:  # whoever reads has read enough; click ends quietly
            raise
        except (ValueError, TypeError, OSError, ImportError) as fault:
            if context.params["debug"]:
                raise
            raise click.ClickException(str(fault) or type(fault).__name__) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(cvkit.__version__, prog_name="cvkit")
@click.option("--debug", is_flag=True, help="Show the traceback of a fault.")
def main(debug: bool) -> None:
    """Segment images by classical methods and by networks, and compare them.

    \b
    cvkit demo                                  see what it does
    cvkit list                                  all methods and steps
    cvkit segment cells.png -m nuclei           one image, one method
    cvkit compare cells.png -m otsu -m nuclei   several methods side by side
    """


@main.command("list")
@click.argument("name", required=False)
def list_(name: str | None) -> None:
    """List the methods, steps and networks, a line each; or explain the one of that NAME."""
    from cvkit import registry

    if name:
        click.echo(registry.explain(name))
        return
    groups = {
        "Methods (image to mask)": registry.methods(),
        "Steps (before or after a method)": registry.steps(),
        "Networks (to train)": registry.networks(),
    }
    for title, names in groups.items():
        click.secho(title, bold=True)
        for known in names:
            click.echo(f"  {known:20}{registry.summary(known)}")
        click.echo()
    click.echo('A pipeline is steps, one method, steps: "median(size=3) | otsu | fill_holes | split".')
    click.echo("The parameters of each: cvkit list NAME")


@main.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("-m", "--method", required=True, help="A method, a pipeline in quotes, or the folder of a model.")
@click.option("-o", "--output", type=Path, help="The file to write, or a folder. [default: NAME-mask.png and the like]")
def segment(images: tuple[str, ...], method: str, output: Path | None) -> None:
    """Segment images: a mask becomes a PNG of 0 and 255, labels a 16-bit PNG, a table a CSV file."""
    from cvkit.cli.results import destination, save, tell

    pipeline = cvkit.Pipeline(method)
    for image in images:
        answer = pipeline(cvkit.read(image))
        path = destination(Path(image), answer, output, len(images) > 1)
        save(path, answer)
        click.echo(f"{image}: {tell(answer)} -> {path}")


@main.command()
@click.argument("image")
@click.option("-m", "--method", "methods", multiple=True, required=True, help="A method or a pipeline; repeat it.")
@click.option("-t", "--truth", help="An image of the right answer: a mask, labels or classes.")
@click.option("-o", "--output", type=Path, default="comparison.png", show_default=True, help="The picture to write.")
def compare(image: str, methods: tuple[str, ...], truth: str | None, output: Path) -> None:
    """Compare methods on an image: a table of scores with the best marked, and a picture."""
    from cvkit.cli.results import check_folder

    check_folder(output)
    found = cvkit.compare(cvkit.read(image), list(methods), cvkit.read_truth(truth) if truth else None)
    click.echo(str(found))
    found.plot().savefig(output)
    click.echo(f"\nThe picture is in {output}")


@main.command()
@click.option("-o", "--output", type=Path, default="cvkit-demo", show_default=True, help="Folder for the pictures.")
def demo(output: Path) -> None:
    """Compare classical and deep methods on four real images, in tables and pictures."""
    from cvkit.cli.demo import run

    run(output)
