"""Every gradient derived by hand, checked against autograd."""

from moreish.backprop.by_hand import HAND_DERIVED, ByHand, NotDerived, Report, Rule, by_hand
from moreish.backprop.check import check
from moreish.backprop.compare import Comparison, as_text, compare_gradients

__all__ = [
    "HAND_DERIVED",
    "ByHand",
    "Comparison",
    "NotDerived",
    "Report",
    "Rule",
    "as_text",
    "by_hand",
    "check",
    "compare_gradients",
]
