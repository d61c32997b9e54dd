"""What it means: the rules, and which finding explains which."""
