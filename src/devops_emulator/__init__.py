"""An Azure DevOps organisation on loopback, for trying out and for tests."""
