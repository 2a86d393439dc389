"""One work item → one pull request, as a list of verbs."""
