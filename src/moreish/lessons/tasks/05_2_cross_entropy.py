"""5.2 A cross-entropy that does not overflow.

cross_entropy(logits, y): the mean over the rows of -log softmax(row)[target]. This one is right for small logits only.
(F.cross_entropy is what it has to equal: write it with exp, sum and log.)
"""

import torch


def cross_entropy(logits, y):
    counts = logits.exp()  # YOURS
    p = counts / counts.sum(1, keepdim=True)
    return -p[torch.arange(len(y)), y].log().mean()
