"""2.2 The backward of tanh.

Write what tanh passes back.
"""

import math


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

    def tanh(self):
        out = Value(math.tanh(self.data), (self,))

        def pass_back():  # YOURS
            ...

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
