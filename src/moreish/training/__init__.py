"""The training loop: a generator of records."""
