"""5.1 An index in place of a one-hot product.

logits(W, x) is, for each id in x, what a one-hot row of that id times W gives. This one is right, and makes a row of V
numbers for each id to find one row of W. Do without.
"""

import torch.nn.functional as F


def logits(W, x):
    return W[x]
