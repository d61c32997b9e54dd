"""8.3 Weights that keep the spread through ten layers of tanh.

weights(fan_in, fan_out, g) is a matrix for h @ W. Through ten such layers, each with a tanh, the numbers must neither die
out nor get stuck at -1 and 1.
"""

import torch


def weights(fan_in, fan_out, g):
    return torch.randn((fan_in, fan_out), generator=g)  # YOURS
