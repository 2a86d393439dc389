"""Show a run: console output, summary, page."""
