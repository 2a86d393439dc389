"""The tree and the workbench that this room's tests run on."""

from tests.sandbox.benches import open_bench, tree, unit_tests

__all__ = ["open_bench", "tree", "unit_tests"]
