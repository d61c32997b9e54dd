"""9.2 Fold a BatchNorm into the layer before it.

After training, x @ W + b and then gain * (... - mean) / sqrt(var + eps) + bias is one layer. fold returns its W and b.
W is (inputs, units), everything else (units,).
"""


def fold(W, b, gain, bias, mean, var, eps):
    scale = gain / (var + eps) ** 0.5
    return W * scale, (b - mean) * scale + bias
