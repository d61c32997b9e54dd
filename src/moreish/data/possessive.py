"""`re` with possessive repeats (`*+`) that are right.

Before Python 3.11.5 a possessive repeat of a group keeps what its last, failed turn has read
(https://github.com/python/cpython/issues/106052), so SQL and quoted texts are read wrongly. There `regex`, which is
needed for graphemes in any case, takes the place of `re`: its patterns are written and called alike.
"""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING or sys.version_info >= (3, 11, 5):
    import re
else:
    import regex as re

__all__ = ["re"]
