"""Names that no file can have, files of options without an end, and a stop before there is anything to keep."""

import re

import pytest

import moreish
from moreish.cli.app import run as command
from moreish.errors import BAD_INPUT, describe
from moreish.runs.folder import open_run
from tests.support.lists import made_items


@pytest.mark.parametrize("name", ["~nobody-of-this-name/x", "~\ud800/x", "a\0b", "x" * 5000])
def test_a_name_that_no_file_can_have_is_a_sentence(name):
    with pytest.raises((ValueError, OSError)) as raised:
        moreish.read(name)
    assert re.search("there is no file|cannot be read|name too long|no NUL|null byte", describe(raised.value)[1])


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "# " + "x" * 2**20, "x = 1\n[" * 100_000])
def test_a_file_of_options_without_an_end_is_refused_by_its_name(tmp_path, capsys, text):
    path = tmp_path / "odd.toml"
    path.write_text(text)
    assert command(["train", "names", "--config", str(path), "--out", str(tmp_path / "run")]) == BAD_INPUT
    assert f"{path} is not TOML" in capsys.readouterr().err


def test_what_is_stopped_twice_before_its_first_checkpoint_stays_and_is_gone_on_with(tmp_path):
    def stop(event: object) -> None:
        raise KeyboardInterrupt

    options = {"model": {"n_hidden": 4}, "train": {"steps": 6, "eval_every": 3}}
    with pytest.raises(moreish.api.Interrupted, match="go on with: moreish train --resume"):
        moreish.train(made_items(60), model="mlp", options=options, out=tmp_path / "run", watch=stop)
    assert open_run(tmp_path / "run").steps() == []
    assert moreish.api.resume(tmp_path / "run").run.finished
