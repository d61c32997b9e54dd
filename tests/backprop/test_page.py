"""docs/backprop.md: every example runs, and prints what the page says."""

import contextlib
import io
import re
from pathlib import Path

from moreish.backprop import HAND_DERIVED

PAGE = (Path(__file__).parents[2] / "docs" / "backprop.md").read_text(encoding="utf-8")


def forms(text):
    """The text without the digits that depend on the processor: how gradients are rounded."""
    text = re.sub(r"\d\.\de[-+]\d\d", "#", text)
    return re.sub(r"exact: (True |False)", "exact: #", text)


def test_the_examples_print_what_the_page_says():
    names = {}
    examples = re.findall(r"```python\n(.*?)```\n```text\n(.*?)```", PAGE, flags=re.S)
    assert len(examples) == 8
    for code, expected in examples:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "docs/backprop.md", "exec"), names)
        assert forms(printed.getvalue()) == forms(expected)


def test_the_page_counts_the_rules_and_links_to_files_that_exist():
    assert f"the backward pass of {len(HAND_DERIVED)} torch functions" in PAGE
    for link in re.findall(r"\]\(\.\./(.*?)\)", PAGE):
        assert (Path(__file__).parents[2] / link).exists(), link
