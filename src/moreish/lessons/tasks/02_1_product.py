"""2.1 The backward of a product.

This small engine adds rightly. Its product has two mistakes.
"""


class Value:
    def __init__(self, data, children=()):
        self.data = data
        self.grad = 0.0
        self.children = children
        self.pass_back = lambda: None

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))

        def pass_back():
            self.grad += out.grad
            other.grad += out.grad

        out.pass_back = pass_back
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def pass_back():  # YOURS
            self.grad = other.data
            other.grad = self.data

        out.pass_back = pass_back
        return out


def backward(root):
    """Given: passes slopes back in the right order."""
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        value, placed = stack.pop()
        if placed:
            order.append(value)
        elif value not in seen:
            seen.add(value)
            stack += [(value, True), *((child, False) for child in value.children)]
    root.grad = 1.0
    for value in reversed(order):
        value.pass_back()
