"""Pictures to a file (matplotlib)."""
