"""`cvkit completion`: what makes a shell complete commands, options and the names of methods."""

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Complete commands, options and methods in your shell. This prints what it needs; its start file asks for it.

    \b
    eval "$(cvkit completion bash)"              in ~/.bashrc
    eval "$(cvkit completion zsh)"               in ~/.zshrc, after compinit
    source (cvkit completion fish | psub)        in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    from cvkit.cli import main

    click.echo(get_completion_class(shell)(main, {}, "cvkit", "_CVKIT_COMPLETE").source())
