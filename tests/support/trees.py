"""Tensors in nested lists and tuples: taken out in order, and put back."""

from torch import Tensor


def leaves(tree):
    if isinstance(tree, Tensor):
        return [tree]
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, tuple | list) else []


def refill(tree, tensors):
    if isinstance(tree, Tensor):
        return tensors.pop(0)
    return type(tree)(refill(part, tensors) for part in tree) if isinstance(tree, tuple | list) else tree
