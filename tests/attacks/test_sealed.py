"""A run folder of a stranger, every hash right: it is used, or refused in one sentence that names the file."""

import os
from pathlib import Path

import pytest

from moreish import api
from moreish.cli import app
from moreish.errors import RunError
from moreish.runs.folder import list_runs
from tests.attacks.sealed import DEEP, FILES, changed, interrupted, part, plain, reseal, rewrite, use, written


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    return interrupted(tmp_path_factory.mktemp("runs") / "run")


@pytest.mark.parametrize(
    ("at", "new"),
    [
        (("trainer", "members", 0, "numbers", "progress"), -1e308),
        (("trainer", "members", 0, "numbers", "progress"), 0.0),
        (("trainer", "members", 0, "numbers", "pace"), 0.0),
        (("trainer", "members", 0, "numbers", "step"), 3),
        (("trainer", "members", 0, "numbers", "step"), "4"),
        (("trainer", "members", 0, "numbers"), {}),
        (("trainer", "machine"), 7),
        (("trainer", "model"), None),
        (("trainer", "done"), 10**30),
    ],
)
def test_a_state_that_would_never_end_or_is_of_another_type_is_refused_by_file_and_field(run, tmp_path, at, new):
    folder = reseal(
        run, "state.json", written(changed(plain(run, "state.json"), at, new), "state.json"), tmp_path / "run"
    )
    with pytest.raises(RunError, match=rf"state\.json.* damaged: .*({at[-1]}|missing required field `step`)"):
        api.resume(folder)


def test_an_empty_or_foreign_memory_of_the_optimizer_is_refused_by_the_name_of_the_tensor(run, tmp_path):
    from moreish.runs.checkpoint import dump_tensors, load_tensors

    whole = load_tensors(part(run, "state.json").with_name("optim.safetensors"))
    first = next(name for name in sorted(whole) if name.endswith("exp_avg"))
    for n, (memory, named) in enumerate(
        [
            ({}, "0/"),
            ({k: v for k, v in whole.items() if "average/" not in k}, "average/"),
            ({k: v for k, v in whole.items() if "best/" not in k}, "best/"),
            ({**whole, first: whole[first][..., :1]}, "exp_avg"),
            ({**whole, first: whole[first].astype("float64")}, "exp_avg"),
            ({**whole, "0/nobody/exp_avg": whole[first]}, "nobody"),
        ]
    ):
        folder = reseal(run, "state.json", part(run, "state.json").read_bytes(), tmp_path / f"run-{n}")
        rewrite(part(folder, "state.json").parent, {"optim.safetensors": dump_tensors(memory)})
        with pytest.raises(
            RunError,
            match=rf"state\.json.*memory of the training is damaged: \"{named.removeprefix('0/')}|nobody|exp_avg",
        ):
            api.resume(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_what_is_nested_too_deeply_is_refused_by_the_name_of_the_file(run, tmp_path, name, opening):
    closing = "]" if opening == "[" else "}"
    data = f"{opening * DEEP}1{closing * DEEP}\n".encode()
    assert any(
        name in sentence and "nested" in sentence for sentence in use(reseal(run, name, data, tmp_path / "run"))
    )


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_one_unreadable_run_hides_no_other_and_what_it_says_is_shown_as_text(
    run, tmp_path, name, capsys, monkeypatch
):
    root = tmp_path / "runs"
    for n in range(3):
        reseal(run, "state.json", part(run, "state.json").read_bytes(), root / f"list-{n}")
    hostile = root / "list-1\x1b[2J[red]<b>"
    (root / "list-1").rename(hostile)
    (part(hostile, name)).write_bytes(b"\x1b]0;title\x07")
    assert len(list_runs(root)) == 3
    for command in ("runs", "compare"):
        assert app.run([command, "--root", str(root)]) == 0
        shown = capsys.readouterr()
        assert "list-0" in shown.out
        assert "list-2" in shown.out
        assert "\x1b" not in shown.out + shown.err
        assert "\x07" not in shown.out + shown.err


def test_a_line_of_a_gigabyte_without_an_end_is_not_read(run, tmp_path):
    folder = reseal(run, "vocab.json", part(run, "vocab.json").read_bytes(), tmp_path / "run")
    (folder / "metrics.jsonl").write_bytes(bytes(20))
    os.truncate(folder / "metrics.jsonl", 2**30)
    for sentence in use(folder):
        assert "metrics.jsonl" in sentence
