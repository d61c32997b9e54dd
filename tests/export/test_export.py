"""What can be exported of a run, and what is said where nothing can."""

import pytest
from safetensors.numpy import load_file

import moreish
from moreish.errors import RunError, Unmet
from tests.support.lists import made_items

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

NETWORK = {"model": {"n_hidden": 8, "n_embd": 4}, "train": {"steps": 3}}
MIXTURE = {
    "model": {"name": "mixture", "components": [{"name": "ngram"}, {"name": "mlp", **NETWORK["model"]}]},
    "train": {"steps": 3},
}


@pytest.fixture(scope="module")
def mixture(tmp_path_factory):
    return moreish.train(made_items(200), options=MIXTURE, recipe="ngram", out=tmp_path_factory.mktemp("r") / "mixed")


def test_a_network_of_a_mixture_is_named_by_its_place(mixture, tmp_path):
    with pytest.raises(Unmet, match=r"^mixed is a mixture of ngram \+ mlp, .* with --component 2$"):
        mixture.export("safetensors", tmp_path / "out")
    with pytest.raises(Unmet, match=r"^component 1 of mixed \(ngram\) counts and is no network"):
        mixture.export("safetensors", tmp_path / "out", component=1)
    with pytest.raises(ValueError, match=r"^mixed has ngram \+ mlp, so there is no component 3$"):
        mixture.export("safetensors", tmp_path / "out", component=3)
    mixture.export("safetensors", tmp_path / "out", component=2)
    module = mixture.model.components[1].module
    arrays = load_file(tmp_path / "out" / "model.safetensors")
    assert {name: a.tolist() for name, a in arrays.items()} == {
        name: value.tolist() for name, value in module.state_dict().items()
    }


def test_counts_and_runs_of_few_items_say_why_not(tmp_path):
    counted = moreish.train(made_items(200), "ngram", out=tmp_path / "counted")
    with pytest.raises(Unmet, match="counted counts and is no network"):
        counted.export("onnx", tmp_path / "out")
    few = moreish.train(["emma", "ava", "anna", "lena"], options={"train": {"time_budget": 0}}, out=tmp_path / "few")
    with pytest.raises(Unmet, match="few is the background net, which reads the list for each answer"):
        few.export("hf", tmp_path / "out")


def test_a_folder_that_is_taken_stays_as_it_is(mixture, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    for to in ("safetensors", "tensorboard"):
        with pytest.raises(ValueError, match="is not empty: choose another folder"):
            mixture.export(to, tmp_path / "out", component=2 if to == "safetensors" else None)
    with pytest.raises(ValueError, match='there is no format "pickle"; known: hf, onnx, safetensors, tensorboard'):
        mixture.export("pickle", tmp_path / "new", component=2)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_disk_that_fails_at_any_file_leaves_nothing_behind(corpus, tmp_path):
    from moreish.export import export
    from moreish.runs.files import Files
    from tests.export.subjects import subject

    class Failing(Files):
        def __init__(self, after):
            self.left = after

        def write(self, path, data):
            self.left -= 1
            if self.left < 0:
                path.write_bytes(data[:1])
                raise OSError(28, "No space left on device", str(path))
            super().write(path, data)

    for n in range(2):
        with pytest.raises(RunError, match="free some space"):
            export(subject(corpus, "mlp"), "safetensors", tmp_path / "out", Failing(n))
        assert not (tmp_path / "out").exists()
