"""Azure DevOps over REST, and the pipeline the step runs in."""
