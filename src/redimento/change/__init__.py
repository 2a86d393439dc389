"""From proposed edits to files.

plan ─┬─ guards/paths, guards/protected   may a change touch this path?
      ├─ spelling                         is it another spelling of a path?
      ├─ beneath                          read and write below a root, following no link
      ├─ apply ─┬─ document               a file as text, with its encoding and line endings
      │         ├─ matching/              where a search text matches
      │         └─ new_file ── neighbours the format of a new file
      ├─ guards/guard ─┬─ limits          how much may change: line_diff
      │                ├─ syntax          what parsed must still parse: yaml_outline, toml
      │                └─ secret_scan     no secret is added
      └─ guards/dependencies              what the manifests add
writer ── journal                         write the change into the tree, and undo it
"""
