"""One core for little work: inside, and afterwards as before, whoever comes and goes."""

import os
import subprocess
import sys
import threading

import pytest

from moreish.threads import numpy_on_one_core, torch_on_one_core

COUNTS = """
import numpy, torch
from threadpoolctl import threadpool_info
from moreish.threads import numpy_on_one_core, torch_on_one_core
def counts(): return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
torch.set_num_threads(3)
before = counts()
with numpy_on_one_core():
    inside = counts()
    with numpy_on_one_core(): pass
    nested = counts()
with torch_on_one_core():
    net = torch.get_num_threads()
print(before == counts() != [], set(inside), set(nested), net, torch.get_num_threads())
"""


@pytest.mark.parametrize("threads", ["1", "2"])
def test_inside_there_is_one_thread_and_afterwards_as_many_as_before(threads):
    env = os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
    said = subprocess.run([sys.executable, "-c", COUNTS], env=env, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True", "{1}", "{1}", "1", "3"]


def test_it_is_as_before_once_the_last_of_all_threads_is_out():
    from threadpoolctl import threadpool_info

    def counts() -> list[int]:
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    before, first_in, second_out, seen = counts(), threading.Event(), threading.Event(), []

    def first() -> None:
        with numpy_on_one_core():
            first_in.set()
            second_out.wait(20)
            seen.append(counts())

    thread = threading.Thread(target=first)
    thread.start()
    first_in.wait(20)
    with numpy_on_one_core():
        pass
    second_out.set()
    thread.join()
    assert seen == [[1] * len(before)]
    assert counts() == before


def test_an_error_inside_leaves_everything_as_before():
    import torch

    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError), torch_on_one_core(), numpy_on_one_core():
        raise ZeroDivisionError
    assert torch.get_num_threads() == before
