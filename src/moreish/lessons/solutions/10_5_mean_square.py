"""10.5 y = x.square().mean(), of a tensor x of any shape: backward(dy, x) is dx. dy is a number."""


def backward(dy, x):
    return dy * 2 * x / x.numel()
