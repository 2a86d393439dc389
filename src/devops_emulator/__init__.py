"""An Azure DevOps organisation on loopback, for trials and tests.

It keeps real data: git repositories behind git's own HTTP server, trial merges by git, work items with every revision,
one SQLite file in the folder. What is missing is refused or documented: link queries, chunked attachments, policies
other than refusing direct pushes (completing a pull request needs no approval, and `autoCompleteSetBy` is stored but
completes nothing), and process rules beyond types, states and titles.
"""
