"""Foreign text made safe, templates, YAML with line numbers."""
