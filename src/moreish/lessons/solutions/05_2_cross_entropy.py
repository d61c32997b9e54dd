"""5.2 A cross-entropy that does not overflow.

cross_entropy(logits, y): the mean over the rows of -log softmax(row)[target]. This one is right for small logits only.
(F.cross_entropy is what it has to equal: write it with exp, sum and log.)
"""

import torch


def cross_entropy(logits, y):
    logits = logits - logits.max(1, keepdim=True).values
    return (logits.exp().sum(1).log() - logits[torch.arange(len(y)), y]).mean()
