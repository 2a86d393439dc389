"""The rich text of work items as Markdown: which format it has, its tags, a clean page, tables."""
