"""12.4 Mix two models.

l1 and l2 are the log chances that two models gave to the same letters, w (between 0 and 1) the weight of the first.
mix(l1, l2, w) are the log chances of the mixture. One of them may be -inf.
"""

import torch


def mix(l1, l2, w):
    return w * l1 + (1 - w) * l2  # YOURS
