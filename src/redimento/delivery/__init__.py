"""Say what was done: the pull request and the comment."""
