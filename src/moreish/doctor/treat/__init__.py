"""What breaks a run, and what mends it: fault operators and remedies."""
