"""The doctor: sees inside any PyTorch net while it trains, and says what is wrong, rarely and rightly."""

from moreish.doctor.doctor import Doctor
from moreish.doctor.finding import Finding, Operation, at_least

__all__ = ["Doctor", "Finding", "Operation", "at_least"]
