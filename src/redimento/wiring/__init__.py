"""The composition root: the only room that knows both the ports and their adapters."""
