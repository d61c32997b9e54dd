"""Every gradient derived by hand, checked against autograd."""

from moreish.backprop.by_hand import HAND_DERIVED, ByHand, NotDerived, Report, Rule, by_hand
from moreish.backprop.compare import Comparison, compare_gradients, table

__all__ = [
    "HAND_DERIVED",
    "ByHand",
    "Comparison",
    "NotDerived",
    "Report",
    "Rule",
    "by_hand",
    "compare_gradients",
    "table",
]
