"""Modules without memory: named and shaped as those with, and without torch's compiler."""

import subprocess
import sys

import pytest

from moreish.models import MODELS, model_class
from moreish.models.blank import blank


@pytest.mark.parametrize("name", MODELS)
def test_names_shapes_and_dtypes_are_those_of_the_module_itself(name):
    with blank():
        empty = model_class(name)(model_class(name).Options(), 7)
    whole = model_class(name)(model_class(name).Options(), 7)
    described = [{n: (p.shape, p.dtype) for n, p in m.state_dict().items()} for m in (empty, whole)]
    assert described[0] == described[1]
    assert all(p.is_meta for p in empty.state_dict().values())


def test_nothing_is_left_of_it_afterwards():
    with blank():
        pass
    made = model_class("mlp")(model_class("mlp").Options(), 7)
    assert all(p.device.type == "cpu" for p in made.parameters())
    assert next(made.parameters()).std() > 0.1


@pytest.mark.slow
def test_no_network_waits_for_torchs_compiler():
    code = (
        "import sys\nfrom moreish.models import MODELS, model_class\nfrom moreish.models.blank import blank\n"
        "for name in MODELS:\n"
        "    with blank():\n"
        "        model_class(name)(model_class(name).Options(), 7).double()\n"
        "    assert 'torch._dynamo' not in sys.modules, name\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
