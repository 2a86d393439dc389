"""The command line: parse, call one function, turn the result into an exit code."""

from redimento.cli.program import cli, main

__all__ = ["cli", "main"]
