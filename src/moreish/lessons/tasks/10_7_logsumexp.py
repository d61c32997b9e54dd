"""10.7 y = x.exp().sum(1).log(), for x (n, m): backward(dy, x) is dx, and dy (n,)."""

import torch


def backward(dy, x):
    ...  # YOURS
