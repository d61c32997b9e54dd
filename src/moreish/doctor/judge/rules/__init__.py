"""The rules of the catalogue, one function each; importing this package fills the table."""

from moreish.doctor.judge.rules import activations, gradients, norms, shapes, start, targets, updates, wiring
from moreish.doctor.judge.table import RULES, Rule

__all__ = ["RULES", "Rule", "activations", "gradients", "norms", "shapes", "start", "targets", "updates", "wiring"]
