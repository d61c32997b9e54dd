"""7.1 Learning rates to try.

rates(low, high, n): n rates from low to high, both included, such that every power of ten gets as many as the next.
"""

import torch


def rates(low, high, n):
    low, high = torch.tensor([low, high], dtype=torch.float64).log10()
    return 10 ** torch.linspace(low, high, n, dtype=torch.float64)
