"""Let `python -m redimento` be the same as `redimento`."""

from redimento.cli import main

main()
