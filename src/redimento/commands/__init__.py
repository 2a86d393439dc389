"""The smaller commands, as functions from their arguments to their output; each loads only what it needs."""
