"""The shared libraries: built or not, of these sources or others, of a level that the processor has or lacks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from moreish.fast import build
from moreish.fast.library import Uncompiled, level, load
from tests.support.kernels import needs_kernels

try:
    build.compiler()
except build.BuildError as reason:
    NO_COMPILER = str(reason)
else:
    NO_COMPILER = ""
needs_compiler = pytest.mark.skipif(bool(NO_COMPILER), reason=NO_COMPILER or "there is a compiler")

SUBNORMAL = """
import numpy as np
from moreish.fast.library import load
load()
tiny = np.float64(1.4e-309), np.float32(1e-42)
assert all(x * type(x)(1) > 0 and x / type(x)(2) > 0 for x in tiny), tiny
import torch
assert (torch.full((40,), 1e-42) * 1).min() > 0
print("alive")
"""


def python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@needs_kernels
@pytest.mark.parametrize("name", build.levels())
def test_a_level_can_be_chosen_and_one_that_the_processor_lacks_is_refused(monkeypatch, name):
    monkeypatch.setenv("MOREISH_KERNELS", name)
    load.cache_clear()
    try:
        found = load().level
    except Uncompiled as why:
        found = str(why)
    finally:
        load.cache_clear()
    assert found == name or f"MOREISH_KERNELS is {name}, but this processor has" in found


def test_none_is_a_level_and_another_word_is_refused(monkeypatch):
    for word, why in {
        "none": "there are no compiled kernels, because MOREISH_KERNELS is none",
        "sse9": "MOREISH_KERNELS is sse9, but this processor's levels are",
    }.items():
        monkeypatch.setenv("MOREISH_KERNELS", word)
        load.cache_clear()
        try:
            assert level() == "none"
            with pytest.raises(Uncompiled, match=why):
                load()
        finally:
            load.cache_clear()


@pytest.mark.slow
@needs_kernels
def test_a_subnormal_number_survives_loading():
    assert python(SUBNORMAL) == "alive"


def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources in a folder of their own, from which and into which all is built."""
    folder = tmp_path / "kernels"
    folder.mkdir()
    for path in build.FOLDER.iterdir():
        if path.suffix in (".cpp", ".hpp"):
            (folder / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(build, "FOLDER", folder)
    return folder


@pytest.mark.slow
@needs_compiler
def test_what_was_made_of_other_sources_is_never_used_and_built_anew(tmp_path, monkeypatch):
    folder = copied(tmp_path, monkeypatch)
    monkeypatch.setattr(build, "FLAGS", (*build.FLAGS, "-O0"))
    path = build.build("baseline")
    first = path.stat().st_mtime_ns
    assert build.build("baseline").stat().st_mtime_ns == first, "it is up to date"
    load.cache_clear()
    monkeypatch.setenv("MOREISH_KERNELS", "baseline")
    try:
        assert load().level == "baseline"
        load.cache_clear()
        with (folder / "vectors.hpp").open("a", encoding="utf-8") as file:
            file.write("// another line\n")
        with pytest.raises(Uncompiled, match=r"made of other sources; python -m moreish\.fast\.build makes them"):
            load()
        path.unlink()
        with pytest.raises(Uncompiled, match="are not there"):
            load()
    finally:
        load.cache_clear()


def test_a_file_that_is_no_library_is_not_loaded(tmp_path, monkeypatch):
    copied(tmp_path, monkeypatch)
    build.library_path("baseline").write_bytes(b"no library")
    load.cache_clear()
    try:
        with pytest.raises(Uncompiled, match="cannot be loaded"):
            load()
    finally:
        load.cache_clear()


def test_without_a_compiler_building_says_so_and_fails_nothing(tmp_path, monkeypatch, capsys):
    copied(tmp_path, monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert build.main() == 0
    assert "training goes by torch: there is no C++ compiler here" in capsys.readouterr().err
    monkeypatch.setenv("CXX", str(tmp_path / "no-such-compiler"))
    with pytest.raises(build.BuildError, match="cannot be started"):
        build.build("baseline")


@needs_compiler
def test_a_compiler_that_refuses_is_heard(tmp_path, monkeypatch):
    (copied(tmp_path, monkeypatch) / "kernels.cpp").write_text("int main( {", encoding="utf-8")
    with pytest.raises(build.BuildError, match=r"refused the kernels:\n.*kernels\.cpp"):
        build.build("baseline")


@pytest.mark.slow
def test_a_net_trains_without_the_kernels_and_says_why(tmp_path):
    train = ["train", "minerals", "--recipe", "lecture-mlp", "--steps", "3", "--out", "r"]
    out = subprocess.run(
        [sys.executable, "-m", "moreish", *train],
        cwd=tmp_path,
        env=os.environ | {"MOREISH_KERNELS": "none"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert out.returncode == 0, out.stderr
    assert "mlp is trained by autograd: there are no compiled kernels" in " ".join(out.stderr.split())
