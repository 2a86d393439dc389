"""A run to look at: a sample repository and a user story on an Azure DevOps of one's own."""

from redimento.demo.play import play

__all__ = ["play"]
