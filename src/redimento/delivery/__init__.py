"""Deliver a change and report it: branch, pull request, comment."""
