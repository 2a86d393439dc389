"""Turn one work item into one pull request."""
