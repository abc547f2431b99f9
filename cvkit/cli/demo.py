"""What a newcomer runs first: classical and deep methods on four real images, whoever wins."""

from dataclasses import dataclass
from pathlib import Path

import click

import cvkit
from cvkit.cli._shared import output_file, save_figure

DATA = Path(cvkit.__file__).parent.parent / "data"


@dataclass(frozen=True)
class Scene:
    """An image of `data/`, what is to be found in it, and the methods that try."""

    name: str
    title: str
    methods: tuple[str, ...]
    truth: bool = True


SCENES = (
    Scene(
        "nuclei",
        "Nuclei in fluorescence: bright on black, some touch",
        (
            "otsu",
            "adaptive_mean(window=101, offset=-5)",
            "sauvola(window=101, k=-0.2)",
            "gaussian(sigma=1) | otsu | fill_holes | remove_small(area=16) | split",
            "nuclei",
            "nuclei | split",
        ),
    ),
    Scene(
        "stained",
        "Nuclei in a stained section: dark on bright, in colour",
        (
            "otsu(foreground='dark')",
            "adaptive_mean(window=101, offset=10, foreground='dark')",
            "sauvola(window=101, k=0.1, foreground='dark')",
            "gaussian(sigma=1) | otsu(foreground='dark') | fill_holes | remove_small(area=64) | split",
            "nuclei | split",
        ),
    ),
    Scene(
        "coins",
        "Coins under uneven light: the network was never shown any",
        (
            "otsu",
            "adaptive_mean(window=101, offset=-10)",
            "sauvola(window=101, k=-0.2)",
            "flatten_background(sigma=50) | median(size=5) | otsu | fill_holes | remove_small(area=300) | split",
            "nuclei | fill_holes | remove_small(area=300) | split",
        ),
    ),
    Scene(
        "page",
        "A page in shadow: no right answer is known, so the picture must tell",
        (
            "otsu(foreground='dark')",
            "adaptive_mean(window=25, offset=10, foreground='dark')",
            "sauvola(window=25, foreground='dark')",
            "flatten_background(sigma=15, by='ratio') | otsu(foreground='dark')",
        ),
        truth=False,
    ),
)


@click.command()
@click.option("-o", "--output", type=Path, default="cvkit-demo", show_default=True, help="Folder for the pictures.")
def command(output: Path) -> None:
    """Compare classical and deep methods on four real images.

    \b
    cvkit demo -o pictures
    """
    if not DATA.is_dir():
        raise FileNotFoundError(f"{DATA}: the demo's images are not there; run it in a clone of the project.")
    output.mkdir(parents=True, exist_ok=True)
    files = [output_file(output / f"{scene.name}.png", DATA.iterdir()) for scene in SCENES]
    winners = []
    for number, (scene, file) in enumerate(zip(SCENES, files, strict=True), 1):
        click.secho(f"\n{number} of {len(SCENES)}  {scene.title}  (data/{scene.name}.png)", bold=True)
        truth = cvkit.read_truth(DATA / f"{scene.name}-truth.png") if scene.truth else None
        found = cvkit.compare(cvkit.read(DATA / f"{scene.name}.png"), list(scene.methods), truth)
        click.echo(str(found))
        save_figure(file, found.plot())
        if scene.truth:
            winners.append((scene, found.summary()))
    click.secho("\nWho won", bold=True)
    for scene, summary in winners:
        for score, title in (("dice", "pixels (Dice)"), ("ap50", "objects (AP at IoU .5)")):
            best = max(range(len(summary["method"])), key=lambda row: summary[score][row])
            click.echo(f"  {scene.name:8} {title:23} {summary[score][best]:.2f}  {summary['method'][best]}")
    names = ", ".join(f"{scene.name}.png" for scene in SCENES)
    click.secho(f"\nThe pictures are in {output.resolve()}: {names}", bold=True)
    click.echo("\nTry next, with an image of yours:")
    click.echo("  cvkit list")
    click.echo('  cvkit segment IMAGE -m "nuclei | split"')
    click.echo('  cvkit compare IMAGE -m otsu -m "gaussian | otsu | split" -m nuclei -o comparison.png')
