"""The background net: what it knows of lists of other kinds, so that few items are enough."""
