"""Run foreign commands without access to our secrets, and restore the tree afterwards."""
