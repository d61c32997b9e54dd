"""How many cases a fuzz target tries: a few in the suite, MOREISH_FUZZ of them when it is asked for (`make fuzz`)."""

import os

EXAMPLES = int(os.environ.get("MOREISH_FUZZ", "100"))
