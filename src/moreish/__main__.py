"""`python -m moreish` is `moreish`."""

from moreish.cli import main

main()
