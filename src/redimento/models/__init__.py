"""The Model port and its adapters."""
