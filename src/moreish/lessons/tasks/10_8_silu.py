"""10.8 y = x * sigmoid(x): backward(dy, x) is dx."""

import torch


def backward(dy, x):
    ...  # YOURS
