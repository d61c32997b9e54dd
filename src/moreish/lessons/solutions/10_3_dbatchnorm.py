"""10.3 The slope of BatchNorm in one expression.

    bnraw = (hprebn - mean) * bnvar_inv        hpreact = bngain * bnraw + bnbias

bnvar_inv is 1 / sqrt(var + eps), the variance over the n rows with n - 1. Given dhpreact, what is dhprebn?
"""


def dhprebn(dhpreact, bnraw, bnvar_inv, bngain):
    n = len(dhpreact)
    dxhat = bngain * dhpreact
    return bnvar_inv / n * (n * dxhat - dxhat.sum(0) - n / (n - 1) * bnraw * (dxhat * bnraw).sum(0))
