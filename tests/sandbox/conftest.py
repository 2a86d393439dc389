"""The tree, workbench and accounts that the tests in this folder use."""

from tests.sandbox.benches import open_bench, tree, unit_tests
from tests.sandbox.stage import _unreadable, agent, checks_account, no_checks_account, ordinary, place, starter, sudoer

__all__ = [
    "_unreadable",
    "agent",
    "checks_account",
    "no_checks_account",
    "open_bench",
    "ordinary",
    "place",
    "starter",
    "sudoer",
    "tree",
    "unit_tests",
]
