"""Every published figure of the lectures and of makemore, measured again: `python -m benchmarks.reproduce`."""
