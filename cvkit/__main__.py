"""`python -m cvkit`: the command, where its script is not on the path."""

from cvkit.cli import main

main(prog_name="python -m cvkit")
