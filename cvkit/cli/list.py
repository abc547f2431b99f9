"""`cvkit list`: what there is."""

import click


@click.command()
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the methods, steps, networks and GANs, a line each; or explain whatever is called NAME."""
    from cvkit import registry

    if name:
        click.echo(registry.explain(name))
        return
    groups = {
        "Methods (image to mask)": registry.methods(),
        "Steps (before or after a method)": registry.steps(),
        "Networks (to train)": registry.networks(),
        "GANs (to train, for making images)": registry.gans(),
    }
    for title, names in groups.items():
        click.secho(title, bold=True)
        for known in names:
            click.echo(f"  {known:20}{registry.summary(known)}")
        click.echo()
    click.echo('A pipeline is steps, one method, steps: "median(size=3) | otsu | fill_holes | split".')
    click.echo("The parameters of each: cvkit list NAME")
