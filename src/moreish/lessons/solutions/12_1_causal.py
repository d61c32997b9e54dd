"""12.1 A causal map.

attend(q, k, v), each (B, T, size): at every place a mean of the v of this place and of those before it, weighted by the
softmax of q k / sqrt(size).
"""

import torch


def attend(q, k, v):
    T, size = q.shape[1:]
    ahead = torch.ones(T, T).triu(1).bool()
    scores = (q @ k.mT / size**0.5).masked_fill(ahead, -torch.inf)
    return torch.softmax(scores, -1) @ v
