"""The cores that may be used: what the system grants to this process, where it says so."""

import os

import pytest

from moreish.fitting.cores import usable_cores


@pytest.mark.parametrize(("granted", "cores"), [(3, 3), (None, 1)])
def test_python_is_asked_where_it_knows(monkeypatch, granted, cores):
    monkeypatch.setattr(os, "process_cpu_count", lambda: granted, raising=False)
    assert usable_cores() == cores


def test_linux_is_asked_where_python_does_not_know(monkeypatch):
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 4, 5}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert usable_cores() == 3


@pytest.mark.parametrize(("there", "cores"), [(64, 64), (None, 1)])
def test_elsewhere_all_that_there_are_are_taken(monkeypatch, there, cores):
    for name in ("process_cpu_count", "sched_getaffinity"):
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: there)
    assert usable_cores() == cores
