"""Foreign text made safe, words from templates, YAML with places."""
