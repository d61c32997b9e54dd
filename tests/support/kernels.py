"""The compiled kernels: a test that needs them is skipped, with the reason, where there are none."""

import pytest

from moreish.fast.library import Uncompiled, load


def why_none() -> str:
    """Why there are no kernels; empty where there are."""
    try:
        load()
    except Uncompiled as reason:
        return str(reason)
    return ""


needs_kernels = pytest.mark.skipif(bool(why_none()), reason=why_none() or "there are kernels")
