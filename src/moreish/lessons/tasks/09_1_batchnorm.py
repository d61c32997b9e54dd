"""9.1 A BatchNorm, in training and afterwards.

Called with x (n, C) while `training`: normalise by the mean and variance of the batch, and let the running numbers move
a tenth of the way to the batch's. Not training: normalise by the running numbers, which stay.
"""

import torch


class BatchNorm:
    def __init__(self, channels, eps=1e-5, momentum=0.1):
        self.eps, self.momentum, self.training = eps, momentum, True
        self.gain, self.bias = torch.ones(channels), torch.zeros(channels)
        self.running_mean, self.running_var = torch.zeros(channels), torch.ones(channels)

    def __call__(self, x):
        mean, var = x.mean(1, keepdim=True), x.var(1, keepdim=True)  # YOURS
        return (x - mean) / var
