"""Run a stranger's command and keep what is ours."""
