"""11.3 Gate, residual and skip: one block of WaveNet.

block(x, filtered, gate, Wr, Ws): x (B, C, T), filtered and gate (B, H, T) are what two convolutions made of x, Wr and Ws
are (C, H). With z = tanh(filtered) * sigmoid(gate) it returns

    x + Wr z    for the next block            Ws z    straight to the end

where the product is taken at every place.
"""

import torch


def block(x, filtered, gate, Wr, Ws):
    ...  # YOURS
