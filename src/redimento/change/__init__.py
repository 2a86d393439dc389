"""From proposed edits to files.

plan ─┬─ guards/paths, guards/protected   may a change touch this path?
      ├─ beneath                          read and write below a root, following no link
      ├─ apply ─┬─ document               a file as text, with its encoding and line endings
      │         ├─ matching/              where a search text matches
      │         └─ editorconfig           the format of a new file
      ├─ guards/guard ─┬─ limits          how much may change: line_diff
      │                ├─ pipelines       no pipeline, whatever its name: yaml_outline
      │                ├─ syntax          what parsed must still parse: data_syntax, yaml_outline, toml
      │                └─ secret_scan     no secret is added: token_forms
      └─ guards/dependencies              what the manifests add
writer ── journal                         write the change into the tree, and undo it
guards/steering                           which changed files a person has to look at first
"""
