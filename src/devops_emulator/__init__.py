"""An Azure DevOps organisation on loopback, for trials and tests.

It keeps real data: git repositories behind git's own HTTP server, trial merges by git, work items with every revision,
one SQLite file in the folder. `locations.csv` lists what it serves. What it does not emulate it refuses: link queries,
chunked attachments, and rules of a process beyond types, states, titles and required fields.
"""
