"""Training and reading near the machine's limit. Importing this loads nothing; `steps` has the training steps."""
