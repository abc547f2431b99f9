"""`cvkit train`: a network learns from a folder of images and their right answers."""

from pathlib import Path

import click


@click.command()
@click.argument("images")
@click.argument("truths", required=False)
@click.option("-n", "--network", default="unet(width=16, depth=4)", show_default=True, help="As in a pipeline.")
@click.option("-o", "--output", type=Path, default=Path("runs/model"), show_default=True, help="The run folder.")
@click.option("--kind", type=click.Choice(["mask", "labels", "classes"]), help="What the truths hold, if not as found.")
@click.option("--validation", default=0.2, show_default=True, help="The share of the images that is held back.")
@click.option("--epochs", default=40, show_default=True, help="How long: 100 batches of patches each, or fewer.")
@click.option("--patch", default=128, show_default=True, help="Side of a patch, in pixels.")
@click.option("--augment", default="strong", show_default=True, help="strong, light, none, or steps.")
@click.option("--loss", default="cross_entropy + dice", show_default=True, help="Losses and their weights.")
@click.option("--seed", default=0, show_default=True, help="The same number gives the same model.")
@click.option("--check", is_flag=True, help="Only say what is wrong with the images and truths.")
def command(
    images: str, truths: str | None, network: str, output: Path, kind: str | None, validation: float, check: bool, **how
) -> None:
    """Train a network on the folder IMAGES, or on the images of a COCO file.

    The right answers bear the names of the images, in the folder TRUTHS, or beside them with a mark such as -truth. If
    IMAGES is a JSON file in COCO's format, TRUTHS is the folder of its images. Stopped, the same line goes on.

    \b
    cvkit train cells/images cells/masks -o runs/cells
    cvkit segment new.png -m runs/cells/model
    """
    import cvkit
    from cvkit.datasets import from_coco, from_folders

    coco = Path(images).suffix.lower() == ".json"
    pairs = from_coco(images, truths, kind=kind or "labels") if coco else from_folders(images, truths, kind=kind)
    report = cvkit.datasets.check(pairs)
    click.echo(str(report))
    if report.faults:
        raise click.ClickException(f"{len(report.faults)} of the pairs cannot be learnt from; mend or remove them.")
    if check:
        return
    learnt, held = pairs.split(validation, seed=how["seed"]) if validation > 0 else (pairs, [])
    model = cvkit.train(network, learnt, output, validation=held, **how)
    click.echo(f"\nThe model is in {model}; what was learnt when, and pictures, in {output}")
    if held:
        click.echo(f"\nOn the {len(held)} images that were held back, and chose the epoch:")
        click.echo(str(cvkit.evaluate({"otsu": "otsu", "the new model": str(model)}, held)))
    click.echo(f'\nTry it: cvkit segment IMAGE -m "{model}"')
