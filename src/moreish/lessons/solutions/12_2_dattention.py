"""12.2 The backward of attention, without a mask.

    P = softmax(q k^T / sqrt(size)), y = P v        all of q, k, v (B, T, size)

backward(dy, q, k, v) returns dq, dk, dv.
"""

import torch


def backward(dy, q, k, v):
    scale = q.shape[-1] ** -0.5
    P = torch.softmax(q @ k.mT * scale, -1)
    dP = dy @ v.mT
    ds = P * (dP - (dP * P).sum(-1, keepdim=True))
    return scale * ds @ k, scale * ds.mT @ q, P.mT @ dy
