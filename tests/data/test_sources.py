"""Where a list comes from, and one sentence where it cannot be had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from moreish.data import bundled, read
from moreish.data.sources import data_folder, find


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    (tmp_path / "kept").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("MOREISH_DATA", str(tmp_path / "kept"))
    monkeypatch.chdir(tmp_path / "work")


def test_a_bare_name_is_a_path_first_then_a_fetched_file_then_a_bundled_list(tmp_path):
    assert find("names") == bundled.BUNDLED / "names.txt"
    (tmp_path / "kept" / "names").write_text("fetched")
    assert find("names") == tmp_path / "kept" / "names"
    Path("names").write_text("here")
    assert find("names") == Path("names")


def test_a_fetched_file_is_found_by_its_file_name(tmp_path):
    (tmp_path / "kept" / "names.txt").write_text("emma\nava")
    assert list(read("names.txt").items) == ["emma", "ava"]
    assert read("names.txt").report.source == "names.txt"


def test_a_path_with_a_folder_is_never_looked_for_elsewhere(tmp_path):
    (tmp_path / "kept" / "list.txt").write_text("emma")
    with pytest.raises(ValueError, match=r"there is no file \./sub/list\.txt"):
        find("./sub/list.txt")


def test_missing_file_names_the_one_that_was_meant():
    Path("my-list.txt").write_text("a")
    with pytest.raises(ValueError, match=r'there is no file my-lits\.txt; did you mean "my-list\.txt"\?$'):
        read("my-lits.txt")
    with pytest.raises(ValueError, match=r'there is no file mineral; did you mean "minerals"\?$'):
        read("mineral")


def test_missing_file_in_a_folder_names_its_neighbour():
    Path("sub").mkdir()
    Path("sub/list.txt").write_text("a")
    with pytest.raises(ValueError, match=r'no file sub/lst\.txt; did you mean "sub/list\.txt"\?$'):
        read("sub/lst.txt")


def test_missing_file_without_a_neighbour_lists_what_is_bundled():
    with pytest.raises(ValueError, match="no file qqq; the bundled lists are names, words, towns"):
        read("qqq")
    with pytest.raises(ValueError, match=r"no file no/such/folder\.txt$"):
        read("no/such/folder.txt")


@pytest.mark.parametrize("name", ["", "  "])
def test_no_name_is_one_sentence(name):
    with pytest.raises(ValueError, match='" names no file; the bundled lists are names, '):
        find(name)


def test_folder_is_one_sentence():
    Path("folder").mkdir()
    with pytest.raises(ValueError, match="folder is a folder; name a file in it"):
        read("folder")


def test_name_that_no_file_can_have_is_one_sentence():
    with pytest.raises(ValueError, match="cannot be read: File name too long"):
        read("x" * 5000)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are of another kind here")
def test_forbidden_file_is_one_sentence(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("emma")
    path.chmod(0)
    tmp_path.chmod(0o711)
    me = os.geteuid()
    try:
        if me == 0:
            os.seteuid(65534)  # root may read everything
        with pytest.raises(ValueError, match="cannot be read: Permission denied"):
            read(path)
    finally:
        os.seteuid(me)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_file_that_fails_while_it_is_read_is_one_sentence():
    with pytest.raises(ValueError, match="/proc/self/mem cannot be read: Input/output error"):
        read("/proc/self/mem")


def test_data_folder_is_the_systems_own_unless_named(monkeypatch, tmp_path):
    assert data_folder() == tmp_path / "kept"
    monkeypatch.delenv("MOREISH_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert data_folder() == tmp_path / "xdg" / "moreish"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert data_folder() == Path.home() / "Library/Application Support/moreish"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert data_folder() == tmp_path / "local" / "moreish"


def test_reading_loads_neither_torch_nor_what_only_some_lists_need():
    code = "import sys, moreish.data as d; d.read('names'); d.DataOptions; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "moreish.data.corpus" in out
    late = {"torch", "moreish.data.fetch"} | ({"regex"} if sys.version_info >= (3, 11, 5) else set())
    assert not late & set(out)


def test_importing_the_package_loads_nothing():
    code = "import sys, moreish.data; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" not in out


def test_every_public_name_is_there():
    import moreish.data

    for name in moreish.data.__all__:
        assert getattr(moreish.data, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        moreish.data.nothing  # noqa: B018
