"""The machine: whatever could change a bit of what is trained is compared, and named where it differs."""

import json
import os
import re
import subprocess
import sys

import pytest
import torch

from moreish.errors import RunError
from moreish.fitting.machine import COMPARED, check_same_machine, this_machine

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

ASK = "import json, torch; from moreish.fitting.machine import this_machine as m; print(json.dumps(m()))"


def test_the_same_machine_is_the_same_and_one_that_a_checkpoint_says_nothing_of_too():
    check_same_machine(this_machine())
    check_same_machine({})
    check_same_machine({"torch": torch.__version__})


@pytest.mark.parametrize("key", COMPARED)
def test_whatever_differs_is_named_with_both_values(key):
    then = {**this_machine(), key: "another"}
    here = re.escape(str(this_machine()[key]))
    sentence = f"was trained with {re.escape(COMPARED[key])} another and here it is {here}, .* say --inexact"
    with pytest.raises(RunError, match=sentence):
        check_same_machine(then, fused=True)


@pytest.mark.slow
def test_a_process_with_other_instructions_or_threads_is_another_machine():
    env = os.environ | {"ATEN_CPU_CAPABILITY": "default", "OMP_NUM_THREADS": str(torch.get_num_threads() + 1)}
    done = subprocess.run([sys.executable, "-c", ASK], env=env, capture_output=True, text=True, check=True)
    there, here = json.loads(done.stdout), this_machine()
    assert {key for key in here if here[key] != there[key]} == {"threads"} | (
        set() if here["capability"] == "DEFAULT" else {"capability", "arithmetic"}
    ), "the build is the same, whatever it finds"
