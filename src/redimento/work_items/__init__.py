"""The work item, its board, and the rules that admit it."""
