"""An Azure DevOps organisation on loopback, for trying out and for tests.

What it keeps is real: git repositories behind git's own HTTP server, merges tried by git, work items with every
revision, one SQLite file in the folder. What it leaves out, it refuses or says: queries over links, attachments in
several pieces, policies other than the refusal of direct pushes (completing a pull request asks for no approval, and
`autoCompleteSetBy` is kept but completes nothing by itself), and process rules beyond types, states and titles.
"""
