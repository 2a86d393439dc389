"""Turn an Azure DevOps work item into one verified pull request."""

__version__ = "0.1.0"
