"""12.4 Mix two models.

l1 and l2 are the log chances that two models gave to the same letters, w (between 0 and 1) the weight of the first.
mix(l1, l2, w) are the log chances of the mixture. One of them may be -inf.
"""

import torch


def mix(l1, l2, w):
    return torch.logaddexp(torch.log(torch.as_tensor(w)) + l1, torch.log1p(torch.as_tensor(-w)) + l2)
