import io
import pickle
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from moreish.errors import RunError
from moreish.runs.pickles import is_pickle, refuse_pickle, refuse_pickle_by_name

VALUES = [3, "emma", ["emma", "ava"], {"weight": np.arange(3.0)}, b"x" * 300_000]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_every_protocol_is_told_whatever_the_name(protocol, value, tmp_path):
    path = tmp_path / "names.txt"
    path.write_bytes(pickle.dumps(value, protocol))
    assert is_pickle(path)
    with pytest.raises(RunError, match=r"names\.txt is a pickle, which can run any code"):
        refuse_pickle(path)


@pytest.mark.parametrize("archive", [True, False])
def test_what_torch_saves_is_told(archive, tmp_path):
    torch.save({"weight": torch.ones(3)}, tmp_path / "net", _use_new_zipfile_serialization=archive)
    assert is_pickle(tmp_path / "net")


@pytest.mark.parametrize("name", ["names.bin", "names.pt", "names.pkl", "names.ckpt"])
@pytest.mark.parametrize("text", ["", "emma\nava\n", "N.", "No.", "1.", "cat\ndog.\n", "Dr.\nMr.", "PK", "\x80"])
def test_a_list_is_none_whatever_its_name(name, text, tmp_path):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert not is_pickle(path)
    with pytest.raises(RunError, match="pickle"):
        refuse_pickle_by_name(path)


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=2))
def test_a_list_of_lines_that_end_is_none(tmp_path_factory, items):
    path = tmp_path_factory.mktemp("list") / "list.bin"
    path.write_text("\n".join(items) + "\n", encoding="utf-8")
    assert not is_pickle(path)


def test_an_archive_without_a_pickle_is_none(tmp_path):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("list.txt", "emma")
    for name, content in {"whole": held.getvalue(), "cut": held.getvalue()[:40]}.items():
        (tmp_path / name).write_bytes(content)
        assert not is_pickle(tmp_path / name)


def test_what_is_not_there_or_no_file_is_none(tmp_path):
    assert not is_pickle(tmp_path)
    assert not is_pickle(tmp_path / "model.pt")


@given(st.binary(max_size=60), st.binary(min_size=18, max_size=60))
def test_whatever_follows_the_beginning_of_an_archive_is_looked_at_without_a_fault(tmp_path_factory, inside, end):
    path = tmp_path_factory.mktemp("archives") / "list.txt"
    path.write_bytes(b"PK\x03\x04" + inside + b"PK\x05\x06" + end)
    assert not is_pickle(path)


@given(st.integers(0, 3000))
def test_a_safetensors_file_is_none_whatever_the_length_of_its_header(tmp_path_factory, letters):
    """A header of 640, 896, 1,152 or 1,408 bytes makes a file begin as pickles of protocols 2 to 5 do."""
    path = tmp_path_factory.mktemp("net") / "model.safetensors"
    save_file({"weight": np.arange(3.0)}, path, metadata={"said": "x" * letters})
    assert not is_pickle(path)


def test_headers_that_begin_like_a_pickle_are_among_those(tmp_path):
    begun = set()
    for letters in range(400, 1500, 4):
        path = tmp_path / f"{letters}.safetensors"
        save_file({"weight": np.arange(3.0)}, path, metadata={"said": "x" * letters})
        begun.add(path.read_bytes()[:2])
        refuse_pickle(path)
    assert {bytes([0x80, protocol]) for protocol in (2, 3, 4, 5)} <= begun
