"""Make `python -m redimento` run the command line."""

from redimento.cli import main

main()
