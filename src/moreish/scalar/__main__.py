"""`python -m moreish.scalar`."""

import sys

from moreish.scalar.demo import main

sys.exit(main())
