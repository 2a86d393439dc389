"""The Model port and what stands behind it."""
