"""Turn proposed edits into files, or refuse."""
