"""The command line: parse, call one function, turn the result into an exit code."""

import signal

_AFTERWARDS = signal.getsignal(signal.SIGINT)
if _AFTERWARDS is signal.default_int_handler:  # an interruption of the imports would print a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from redimento.cli.program import cli, main  # noqa: E402  see above

if _AFTERWARDS is signal.default_int_handler:
    signal.signal(signal.SIGINT, _AFTERWARDS)

__all__ = ["cli", "main"]
