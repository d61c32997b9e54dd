"""1.1 The slope of a function, by nudging.

slope(f, x) is how fast f moves at x. f is any smooth function of one number. It has to be right to six digits.
"""


def slope(f, x):
    h = 1e-5
    return (f(x + h) - f(x - h)) / (2 * h)
