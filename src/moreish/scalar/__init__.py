"""The scalar autograd engine: every number a node, every gradient in plain sight. Standard library only."""

from moreish.scalar import losses, nn
from moreish.scalar.differences import finite_differences
from moreish.scalar.draw import to_dot, to_svg
from moreish.scalar.trace import Step, backward_steps, narrate
from moreish.scalar.value import Value, topological_order

__all__ = [
    "Step",
    "Value",
    "backward_steps",
    "finite_differences",
    "losses",
    "narrate",
    "nn",
    "to_dot",
    "to_svg",
    "topological_order",
]
