"""Files of weights: written and read back, and anything else refused by one sentence that names the file."""

import json
import struct
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load as from_bytes
from safetensors.numpy import save as to_bytes

from moreish.background import weights
from moreish.background.gate import Gate, Parts
from moreish.background.weights import FILE, MATRICES, VECTORS, Background, NetWeights, load, save
from tests.support.backgrounds import random_background

ABOUT = {"lists": 3}
OF_A_NET = [f.name for f in fields(NetWeights)]
IN_HALVES = [*VECTORS, *(f"{name} scale" for name in MATRICES)]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("net") / FILE
    save(random_background(2, 3), path, ABOUT)
    return path.read_bytes()


def refused(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r".") as caught:
        load(path)
    assert type(caught.value) is ValueError
    assert str(path) in str(caught.value)
    return str(caught.value)


def same(a: Background, b: Background) -> bool:
    gates = a.gates.keys() == b.gates.keys() and all(
        np.array_equal(getattr(gate, f.name), getattr(b.gates[n], f.name))
        for n, gate in a.gates.items()
        for f in fields(Gate)
    )
    nets = len(a.nets) == len(b.nets) and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for one, other in zip(a.nets, b.nets, strict=True)
        for name in OF_A_NET
    )
    return gates and nets and a.features == b.features


def test_what_is_saved_is_what_is_loaded(tmp_path: Path):
    net = random_background(nets=2)
    found = save(net, tmp_path / "deep" / FILE, ABOUT | {"lists": ['"checksum":"????????"', "????????"]})
    again = load(tmp_path / "deep")
    assert same(net, again)
    assert again.hash == found
    assert same(again, load(tmp_path / "deep" / FILE))
    assert weights.about(tmp_path / "deep") == ABOUT | {"lists": ['"checksum":"????????"', "????????"]}
    assert [p.name for p in (tmp_path / "deep").iterdir()] == [FILE]


@pytest.mark.parametrize("bit", [1, 64])
def test_numbers_that_are_not_those_that_were_written_are_refused(content: bytes, tmp_path: Path, bit: int):
    for at in (-1, -5, 8 + int.from_bytes(content[:8], "little")):
        changed = bytearray(content)
        changed[at] ^= bit
        assert "its numbers are not those that were written" in refused(tmp_path / FILE, bytes(changed))


def test_the_hash_is_of_the_content(tmp_path: Path):
    net, other = random_background(), random_background(seed=1)
    first, twin, changed, told, *twins = (
        save(each, tmp_path / name, {"name": about})
        for each, name, about in [
            (net, "a", ""),
            (net, "b", ""),
            (other, "c", ""),
            (net, "d", "another"),
            *((net, name, "") for name in "efgh"),
        ]
    )
    assert {first} == {twin, *twins}
    assert len({first, changed, told}) == 3


def test_a_file_that_was_written_again_is_read_again(tmp_path: Path):
    first = save(random_background(), tmp_path / FILE, ABOUT)
    assert load(tmp_path).hash == first
    second = save(random_background(seed=1), tmp_path / FILE, ABOUT)
    assert load(tmp_path).hash == second


def test_what_is_stored_is_stored_as_it_is(tmp_path: Path):
    net = random_background()
    odd = replace(net, nets=tuple(replace(each, reading=each.reading * np.float32(1 / 3)) for each in net.nets))
    save(odd, tmp_path / FILE, ABOUT)
    assert same(load(tmp_path), odd.as_stored())
    assert same(odd.as_stored(), odd.as_stored().as_stored())


@given(st.integers(0, 2**32), st.floats(1e-3, 1e3))
def test_eight_bits_are_off_by_half_a_step_at_most(seed: int, scale: float):
    net = random_background(seed=seed).nets[0]
    rng = np.random.default_rng(seed)
    wanted = replace(net, projection=(scale * rng.normal(size=net.projection.shape)).astype(np.float32))
    off = np.abs(wanted.as_stored().projection - wanted.projection)
    steps = np.abs(wanted.projection).max(1, keepdims=True) / 127
    kept_to = np.maximum(steps * 2.0**-11, 2.0**-25)  # a step in half precision, and one that is subnormal there
    assert (off <= 0.5 * steps + 127 * kept_to).all()


def test_a_row_of_zeros_is_kept(tmp_path: Path):
    net = random_background()
    blank = replace(net, nets=(replace(net.nets[0], weight_hh=np.zeros_like(net.nets[0].weight_hh)),))
    save(blank, tmp_path / FILE, ABOUT)
    assert not load(tmp_path).nets[0].weight_hh.any()


def older_file(net: Background) -> bytes:
    """As such files were before: one net, all in half precision, gates by their number of models."""
    arrays = {name: getattr(net.nets[0], name).astype(np.float16) for name in OF_A_NET}
    for parts, gate in net.gates.items():
        arrays |= {f"gate{parts.models}/{f.name}": getattr(gate, f.name) for f in fields(Gate)}
    metadata = {"format": "1", "features": json.dumps([*net.features]), "about": "{}"}
    return to_bytes(arrays, metadata)


def test_a_net_of_before_is_read(tmp_path: Path):
    net = random_background()
    (tmp_path / FILE).write_bytes(older_file(net))
    found = load(tmp_path)
    assert {*found.gates} == {Parts(0, 0), Parts(1, 0), Parts(1, 1)}
    for name in OF_A_NET:
        wanted = getattr(net.nets[0], name).astype(np.float16)
        np.testing.assert_array_equal(getattr(found.nets[0], name), wanted.astype(np.float32))
    for changed in (older_file(net)[:-2], to_bytes(from_bytes(older_file(net)), {"format": "2", "features": "[]"})):
        refused(tmp_path / FILE, changed)


def loaded_or_refused(file: Path) -> tuple[Background | None, ValueError | None]:
    try:
        return load(file), None
    except ValueError as error:
        return None, error


@given(data=st.data())
@settings(max_examples=150)
def test_bytes_that_are_cut_off_or_changed_give_a_net_or_one_error(
    content: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    content = to_bytes(from_bytes(content), metadata_of(content))
    changed = bytearray(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    header = 8 + int.from_bytes(content[:8], "little")
    for _ in range(data.draw(st.integers(0, 3)) if len(changed) else 0):
        high = min(len(changed), header if data.draw(st.booleans()) else len(changed))
        changed[data.draw(st.integers(0, high - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("changed") / FILE
    file.write_bytes(changed)
    net, problem = loaded_or_refused(file)
    if net is None:
        assert type(problem) is ValueError
        assert str(file) in str(problem)
    else:
        assert all(np.isfinite(getattr(each, name)).all() for each in net.nets for name in OF_A_NET)
        assert np.isfinite(net.rows(["a", "ж"])[0].reading).all()


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 9, 100, -1])
def test_a_file_that_ends_early_is_refused(cut: int, content: bytes, tmp_path: Path):
    refused(tmp_path / FILE, content[:cut])


@given(foreign=st.binary(max_size=200))
def test_a_foreign_file_is_refused(foreign: bytes, tmp_path_factory: pytest.TempPathFactory):
    refused(tmp_path_factory.mktemp("foreign") / FILE, foreign)


def test_where_there_is_no_net_the_command_that_makes_one_is_named(tmp_path: Path):
    for path in (tmp_path, tmp_path / "none", tmp_path / "none" / FILE):
        with pytest.raises(ValueError, match=r"moreish\.api\.background") as caught:
            load(path)
        assert str(path) in str(caught.value)


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    with (tmp_path / FILE).open("wb") as file:
        file.truncate(weights.LARGEST + 1)
    with pytest.raises(ValueError, match="larger") as caught:
        load(tmp_path)
    assert FILE in str(caught.value)


Arrays = dict[str, np.ndarray]


@pytest.mark.parametrize("name", [*(f"net0/{n}" for n in IN_HALVES), "gate0+0/bias_in", "gate1+1/weight_out"])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda arrays, name: arrays.pop(name), id="missing"),
        pytest.param(lambda arrays, name: arrays.update({name: np.stack([arrays[name]] * 2)}), id="deeper"),
        pytest.param(lambda arrays, name: arrays.update({name: arrays[name][:-1]}), id="shorter"),
        pytest.param(lambda arrays, name: arrays.update({name: np.zeros((), arrays[name].dtype)}), id="one number"),
        pytest.param(lambda arrays, name: arrays.update({name: np.full_like(arrays[name], np.nan)}), id="NaN"),
        pytest.param(lambda arrays, name: arrays.update({name: np.full_like(arrays[name], np.inf)}), id="inf"),
        pytest.param(lambda arrays, name: arrays.update({name: arrays[name].astype(np.float64)}), id="dtype"),
        pytest.param(lambda arrays, name: arrays.update({name: arrays[name].astype(np.int32)}), id="whole numbers"),
        pytest.param(lambda arrays, name: arrays.update({name: arrays[name][..., None]}), id="wider"),
    ],
)
def test_an_array_that_is_missing_or_of_another_kind_is_refused(
    name: str, change: Callable[[Arrays, str], None], content: bytes, tmp_path: Path
):
    arrays = {key: a.copy() for key, a in from_bytes(content).items()}
    change(arrays, name)
    if arrays.get(name) is not None:
        arrays[name] = np.ascontiguousarray(arrays[name])
    refused(tmp_path / FILE, to_bytes(arrays, metadata_of(content)))


@pytest.mark.parametrize("name", [f"net0/{n}" for n in MATRICES])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda arrays, name: arrays.pop(name), id="missing"),
        pytest.param(lambda arrays, name: arrays.update({name: np.stack([arrays[name]] * 2)}), id="deeper"),
        pytest.param(lambda arrays, name: arrays.update({name: arrays[name][:-1]}), id="shorter"),
        pytest.param(lambda arrays, name: arrays.update({name: np.zeros((), np.int8)}), id="one number"),
        pytest.param(lambda arrays, name: arrays.update({name: arrays[name].astype(np.float16)}), id="dtype"),
        pytest.param(lambda arrays, name: arrays.update({name: arrays[name].astype(np.uint8)}), id="without a sign"),
        pytest.param(lambda arrays, name: arrays.update({name.replace("0", "1"): arrays.pop(name)}), id="of another"),
        pytest.param(lambda arrays, name: arrays.update({name.replace("0", "9"): arrays[name]}), id="and of a tenth"),
    ],
)
def test_a_matrix_that_is_missing_or_of_another_kind_is_refused(
    name: str, change: Callable[[Arrays, str], None], content: bytes, tmp_path: Path
):
    arrays = {key: a.copy() for key, a in from_bytes(content).items()}
    change(arrays, name)
    refused(tmp_path / FILE, to_bytes(arrays, metadata_of(content)))


def metadata_of(content: bytes) -> dict[str, str]:
    """Without the checksum, which would refuse whatever is changed."""
    found = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    return {name: value for name, value in found.items() if name != "checksum"}


@pytest.mark.parametrize(
    "changed",
    [
        {"format": "1"},
        {"format": "3"},
        {"features": "[]"},
        {"features": "{}"},
        {"features": "null"},
        {"features": "no JSON"},
        {"features": "[" * 100_000},
        {"features": '["boundary", "boundary"]'},
        {"features": '["boundary", []]'},
        {"features": "[1, 2]"},
        {"features": '["boundary", "base a"]'},
    ],
)
def test_features_that_do_not_fit_are_refused(changed: dict[str, str], content: bytes, tmp_path: Path):
    refused(tmp_path / FILE, to_bytes(from_bytes(content), metadata_of(content) | changed))


@pytest.mark.parametrize("metadata", [None, {}])
def test_a_file_without_metadata_is_refused(metadata: dict[str, str] | None, content: bytes, tmp_path: Path):
    refused(tmp_path / FILE, to_bytes(from_bytes(content), metadata))


def test_metadata_that_are_null_are_refused(content: bytes, tmp_path: Path):
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size]) | {"__metadata__": None}
    made = json.dumps(header).encode()
    refused(tmp_path / FILE, struct.pack("<Q", len(made)) + made + content[8 + size :])


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "F8_E5M2", "BOOL", "F4", "C64", "U64"])
def test_arrays_of_any_other_dtype_are_refused(dtype: str, content: bytes, tmp_path: Path):
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    for name in OF_A_NET:
        header[f"net0/{name}"]["dtype"] = dtype
    made = json.dumps(header).encode()
    refused(tmp_path / FILE, struct.pack("<Q", len(made)) + made + content[8 + size :])


def test_a_net_without_units_is_refused(content: bytes, tmp_path: Path):
    f = len(json.loads(metadata_of(content)["features"]))
    arrays = {f"net0/{name}": np.zeros((0, 0), np.int8) for name in MATRICES}
    arrays |= {f"net0/{name} scale": np.zeros(0, np.float16) for name in MATRICES}
    arrays |= {f"net0/{name}": np.zeros((f, 0), np.int8) for name in ("reading", "writing")}
    arrays |= {f"net0/{name} scale": np.zeros(f, np.float16) for name in ("reading", "writing")}
    arrays |= {"net0/bias_hidden": np.zeros(0, np.float16), "net0/bias": np.zeros(f, np.float16)}
    refused(tmp_path / FILE, to_bytes(arrays, metadata_of(content)))


def test_a_net_without_one_of_its_gates_is_refused_before_it_is_asked(tmp_path: Path):
    net = random_background(nets=2)
    save(net, tmp_path / "whole" / FILE, ABOUT)
    assert len(weights.find(str(tmp_path / "whole")).nets) == 2
    for parts in net.gates:
        save(replace(net, gates={p: g for p, g in net.gates.items() if p != parts}), tmp_path / "part" / FILE, ABOUT)
        with pytest.raises(ValueError, match="is not whole: it has no gate for") as caught:
            weights.find(str(tmp_path / "part"))
        assert str(tmp_path / "part") in str(caught.value)


def test_the_bundled_net_is_one():
    net = weights.find("bundled")
    assert net.knows(list("abcXYZ é"), [1] * 8) == 1
    assert {Parts(0, 0), Parts(len(net.nets), 0), Parts(len(net.nets), len(net.nets))} <= {*net.gates}
    assert isinstance(weights.about(), dict)


def test_a_folder_that_cannot_be_written_to_is_refused_and_one_that_can_is_left_as_it_was(tmp_path):
    weights.refuse_unwritable(tmp_path / "a" / "b" / weights.FILE)
    weights.refuse_unwritable(tmp_path / weights.FILE)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / weights.FILE).write_bytes(b"before")
    weights.refuse_unwritable(tmp_path / "kept" / weights.FILE)
    assert (tmp_path / "kept" / weights.FILE).read_bytes() == b"before"
    (tmp_path / "weights.txt").write_text("a file")
    with pytest.raises(OSError, match=r"weights\.txt"):
        weights.refuse_unwritable(tmp_path / "weights.txt" / "net" / weights.FILE)


@pytest.mark.parametrize("written", [None, 5, "no base64!", "AAA=", ["a"]])
def test_what_a_net_was_trained_on_is_not_known_where_a_stranger_wrote_something_else(tmp_path, written):
    save(random_background(), tmp_path / "net", {weights.SEEN: written})
    assert weights.share_seen(str(tmp_path / "net"), ["a", "b"]) == 0.0


def test_the_share_of_items_that_a_net_was_trained_on_is_known(tmp_path):
    assert weights.share_seen("bundled", ["a"]) == 0.0
    save(random_background(), tmp_path / "net", {weights.SEEN: weights.marks_of(["anna", "Zoë", "😀"])})
    assert weights.share_seen(str(tmp_path / "net"), ["anna", "bert", "Zoë", "zoë"]) == 0.5
    assert weights.share_seen(str(tmp_path / "net"), []) == 0.0
