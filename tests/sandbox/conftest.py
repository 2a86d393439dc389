"""The tree and workbench that the tests in this folder use."""

from tests.sandbox.benches import open_bench, tree, unit_tests

__all__ = ["open_bench", "tree", "unit_tests"]
