"""Azure DevOps over REST, and the pipeline that the step runs in."""
