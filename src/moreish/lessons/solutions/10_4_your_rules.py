"""10.4 Your rules train names.

These two take the place of the library's own, and a net is trained on names with them. dy is what comes in.

    linear:  y = x @ weight.T + bias     x (n, in), weight (out, in), bias (out,); returns dx, dweight, dbias
    tanh:    y = tanh(x)                 returns dx
"""


def linear_backward(dy, x, weight):
    return dy @ weight, dy.T @ x, dy.sum(0)


def tanh_backward(dy, y):
    return dy * (1 - y**2)
