"""A stranger's edits become files.

plan ─┬─ guards/paths, guards/protected   may a change name this path at all?
      ├─ beneath                          read and write below a root without ever following a link
      ├─ apply ─┬─ document               a file as text, in its own style
      │         ├─ matching/              where a search text belongs
      │         └─ editorconfig           the style of a new file
      ├─ guards/guard ─┬─ limits          how much: line_diff
      │                ├─ syntax          what parsed must parse: yaml_outline, toml
      │                └─ secret_scan     nothing secret is added
      └─ guards/dependencies              what the manifests name anew
writer ── journal                         the change into the tree, and back
"""
