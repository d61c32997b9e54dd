"""The page of commands lists what the command line has, in the same words."""

import re
from pathlib import Path

from moreish.cli.app import COMMANDS

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_page_of_commands_has_every_command_in_its_own_words():
    rows = dict(re.findall(r"^\| `moreish ([\w-]+)` \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert rows == COMMANDS
