"""What can be asked without a training loop at hand: one batch, data, an item, a script."""
