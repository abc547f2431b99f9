"""`cvkit list`: what there is."""

import click
from click.shell_completion import CompletionItem

from cvkit.cli._output import answer, json_option, say


def _known(context: click.Context, parameter: click.Parameter, written: str) -> list[CompletionItem]:
    from cvkit import registry

    known = [*registry.methods(), *registry.steps(), *registry.networks(), *registry.gans(), *registry.generators()]
    return [CompletionItem(name) for name in known if name.startswith(written)]


@click.command()
@click.argument("name", required=False, shell_complete=_known)
@json_option
def command(name: str | None) -> None:
    """List what there is by name, or explain one of them. NAME is what is to be explained.

    \b
    cvkit list
    cvkit list sauvola
    """
    from cvkit import registry

    if name:
        say(text := registry.explain(name))
        answer({"name": name, "text": text})
        return
    groups = {
        "Methods (image to mask)": registry.methods(),
        "Steps (before or after a method)": registry.steps(),
        "Networks (to train)": registry.networks(),
        "GANs (to train, for making images)": registry.gans(),
        "Generators (trained, to make images)": registry.generators(),
    }
    for title, names in groups.items():
        say(title, bold=True)
        for known in names:
            say(f"  {known:20}{registry.summary(known)}")
        say()
    say('A pipeline is steps, one method, steps: "median(size=3) | otsu | fill_holes | split".')
    say("The parameters of each: cvkit list NAME")
    words = (title.split()[0].lower() for title in groups)
    answer(
        {
            word: {name: registry.summary(name) for name in names}
            for word, names in zip(words, groups.values(), strict=True)
        }
    )
