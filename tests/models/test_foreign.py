"""Networks of other packages: the example trains, samples and is exported like one of ours."""

import shutil
import tomllib
from pathlib import Path

import pytest

import moreish
from moreish.export import export, subject_of
from moreish.models import foreign_models, model_class
from moreish.recipes import model_names
from tests.support.lists import made_items

EXAMPLE = Path(__file__).parents[2] / "examples" / "moreish-decay"


def install(where, monkeypatch, entry_points, name="moreish-decay"):
    """As pip does it: a folder on the path with the module and its metadata."""
    info = where / f"{name.replace('-', '_')}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(
        "[moreish.models]\n" + "".join(f"{key} = {value}\n" for key, value in entry_points.items())
    )
    monkeypatch.syspath_prepend(where)
    foreign_models.cache_clear()


@pytest.fixture(autouse=True)
def forgotten():
    yield
    foreign_models.cache_clear()


@pytest.mark.slow
def test_the_example_package_is_a_model_like_ours(tmp_path, monkeypatch):
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copy(EXAMPLE / "moreish_decay.py", tmp_path)
    install(tmp_path, monkeypatch, project["entry-points"]["moreish.models"])
    assert model_names()[-1] == "decay"
    options = {"model": {"n_embd": 8}, "train": {"steps": 60, "batch_size": 64, "lr": 0.03, "eval_every": 20}}
    run = moreish.train(made_items(200), model="decay", options=options, out=tmp_path / "run")
    again = moreish.open_run(tmp_path / "run")
    assert run.done.val_loss < 2.6  # ln 14 = 2.64 is guessing blindly
    assert [item.text for item in again.more(3, seed=1)] == [item.text for item in run.more(3, seed=1)]
    subject = subject_of("run", again.model, again.config.model, again.vocab)
    assert export(subject, "onnx", tmp_path / "onnx").difference < 1e-5
    with pytest.raises(ValueError, match=r"model\.n_embd is 0, but must be at least 1"):
        moreish.train(made_items(200), model="decay", options={"model": {"n_embd": 0}}, out=tmp_path / "other")


def test_a_package_that_cannot_be_used_is_named(tmp_path, monkeypatch):
    (tmp_path / "broken_model.py").write_text("import nothing_of_this_name\n")
    (tmp_path / "no_model.py").write_text("class Thing: ...\n")
    models = {
        "broken": "broken_model:Net",
        "thing": "no_model:Thing",
        "gone": "no_model:Gone",
        "gru": "no_model:Thing",
    }
    install(tmp_path, monkeypatch, models, "strange")
    with pytest.raises(ValueError, match=r'"broken" of strange cannot be loaded \(ModuleNotFoundError'):
        model_class("broken")
    with pytest.raises(ValueError, match=r'"gone" of strange cannot be loaded \(AttributeError'):
        model_class("gone")
    with pytest.raises(ValueError, match='"thing" of strange is no network for moreish'):
        model_class("thing")
    assert model_class("gru").__module__ == "moreish.models.gru"
    with pytest.raises(ValueError, match='there is no model "thingy"; did you mean "thing"'):
        model_class("thingy")
