"""A configuration fitted to a corpus: each model in turn, then the weights of their mixture."""
