"""Repositories, pushes and pull requests as Azure Repos serves them."""
