"""Choose what the model sees of a repository."""
