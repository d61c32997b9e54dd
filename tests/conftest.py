"""What every test may use: small lists, and hypothesis without deadlines on shared machines."""

import os

os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # read when torch is loaded: on a busy machine threads wait for each other

import pytest
from hypothesis import settings

from tests.support.shapes import check_only_declared_shapes

check_only_declared_shapes()  # before anything of moreish is loaded

from moreish.data import from_items  # noqa: E402
from moreish.wording import in_a_terminal  # noqa: E402
from tests.support.lists import made_items  # noqa: E402

settings.register_profile("moreish", deadline=None, max_examples=40)
settings.register_profile("ci", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "moreish")


@pytest.fixture(scope="session")
def corpus():
    """300 items of 13 symbols, split by hash."""
    return from_items(made_items(300))


@pytest.fixture
def said_in_a_terminal():
    """Sentences name options by their flags, as where a command runs."""
    with in_a_terminal():
        yield
