"""The ports on plain files, for local runs."""
