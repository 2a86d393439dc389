"""The same ports on plain files."""
