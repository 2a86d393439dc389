"""Where a quoted text occurs in a file."""
