"""python -m benchmarks.kinds: first names of five languages, with their language as a kind and without.

The names are those of the package faker (MIT), which is not installed with the tests: `pip install faker`. Loss in
nats a symbol on the val part, the same split for all; and how often items drawn for a kind, and real ones of val, are
put to their kind by the models' own likelihoods.
"""

import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np

import moreish
from moreish.data.sources import Files
from moreish.inference.evaluate import mean_loss
from moreish.models.kinds import Kinded
from moreish.recipes import Overrides

LANGUAGES = ("en_US", "de_DE", "it_IT", "fi_FI", "pl_PL")
DRAWN = 200  # of each kind


def names_of(language: str) -> list[str]:
    """The first names of a language."""
    faker = import_module("faker")  # which not everybody has
    provider = next(p for p in faker.Faker(language).get_providers() if "person" in type(p).__module__)
    lists = (getattr(provider, name, ()) for name in ("first_names", "first_names_male", "first_names_female"))
    return sorted({name for each in lists for name in each if " " not in name})


def train(folder: Path, model: str, kinds: bool) -> moreish.api.TrainedRun:
    """A run on all five files."""
    files = Files(tuple(str(folder / f"{language}.txt") for language in LANGUAGES))
    flags: dict[str, object] = {"model": {"name": model}}
    if model == "gru":
        flags["train"] = {"steps": 3000, "lr": 0.003}
    data = {"data": {"by": "file"}} if kinds else {"data": {"duplicates": "drop"}}
    request = moreish.api.TrainRequest(
        files, None, Overrides(flags=flags, settings=data), folder / f"{model}-{kinds}", background="none"
    )
    return moreish.api.fit(moreish.api.prepare(request))


def put_back(run: moreish.api.TrainedRun) -> tuple[float, float]:
    """How often real val items, and items drawn for a kind, are put to their kind."""
    model, corpus = run.model, run.corpus
    assert isinstance(model, Kinded)
    val = corpus.split("val")
    assert val.kinds is not None
    real = float((model.posterior(val.ids, val.offsets).argmax(1) == val.kinds).mean())
    right = []
    for number, kind in enumerate(corpus.kinds):
        items = [item.text for item in run.more(DRAWN, of=kind, seed=0, new_only=True)]
        ids = [corpus.vocab.encode(item) for item in items]
        flat = np.concatenate([[0], *(np.append(item, 0) for item in ids)]).astype(corpus.vocab.dtype)
        right.append(model.posterior(flat, np.flatnonzero(flat == 0)).argmax(1) == number)
    return real, float(np.concatenate(right).mean())


def main() -> None:
    """A line for each model."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for language in LANGUAGES:
            (folder / f"{language}.txt").write_text("\n".join(names_of(language)), encoding="utf-8")
        for model in ("ngram", "gru"):
            with_kinds = train(folder, model, kinds=True)
            without = train(folder, model, kinds=False)
            val = with_kinds.corpus.split("val")
            names = [val.item(i, with_kinds.corpus.vocab) for i in range(len(val))]
            alike = without.evaluate(names)["loss"]
            real, drawn = put_back(with_kinds)
            print(
                f"{model}: loss {mean_loss(with_kinds.model, val):.4f} with kinds, {alike:.4f} without; put to their "
                f"kind: {real:.1%} of real names, {drawn:.1%} of new ones drawn for it"
            )


if __name__ == "__main__":
    main()
