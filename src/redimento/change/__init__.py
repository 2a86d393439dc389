"""A stranger's edits become files.

plan ─┬─ paths, protected         may a change name this path at all?
      ├─ beneath                  read and write below a root without ever following a link
      ├─ apply ─┬─ document       a file as text, and its own hand
      │         ├─ match          where a search text belongs: lines, indentation, elision, fuzzy, nearest
      │         ├─ placeholders   lines that stand for code
      │         └─ editorconfig   the hand of a new file
      ├─ guard ─┬─ limits         how much: line_diff
      │         ├─ syntax         what parsed must parse: yaml_outline, toml
      │         └─ secret_scan    nothing secret is added
      └─ dependencies             what the manifests name anew
writer ── journal                 the change into the tree, and back
"""
