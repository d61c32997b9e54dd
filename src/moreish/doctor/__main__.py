"""python -m moreish.doctor: every finding that there is."""

from moreish.doctor.tell.catalogue import catalogue

print(catalogue())
