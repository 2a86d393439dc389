"""From proposed edits to files.

plan ─┬─ original ─┬─ beneath             the tree on the disk, read and written without following a link
      │            └─ base                what the commit says about a path (port)
      ├─ meant                            which file a path means
      ├─ permission                       may a change touch this path? guards/paths, guards/protected, spelling
      ├─ apply ─┬─ document               a file as text, with its encoding and line endings
      │         ├─ matching/              where a search text matches
      │         └─ new_file               the format of a new file
      ├─ guards/guard ─┬─ limits          how much may change: line_diff
      │                ├─ pipelines       no pipeline, whatever its name: yaml_outline
      │                ├─ syntax          what parsed must still parse: data_syntax, yaml_outline
      │                └─ secret_scan     no secret is added: token_forms
      └─ guards/dependencies              what the manifests add
writer ── journal                         write the change into the tree, and undo it
guards/steering                           which changed files a person has to look at first
"""
