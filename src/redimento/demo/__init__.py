"""The demo: one run on a sample repository and a user story in an emulated Azure DevOps organisation."""

from redimento.demo.play import play

__all__ = ["play"]
