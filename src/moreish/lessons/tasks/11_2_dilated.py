"""11.2 A causal dilated convolution.

dilated(x, w, dilation): x (B, C, T), w (O, C, 2). The result (B, O, T) has at place t

    w[:, :, 0] @ x[:, :, t - dilation] + w[:, :, 1] @ x[:, :, t]

and what lies before the beginning is 0.
"""

import torch.nn.functional as F


def dilated(x, w, dilation):
    return F.conv1d(x, w, padding="same")  # YOURS: this looks ahead, and joins neighbours only
