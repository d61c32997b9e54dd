"""A run's own list: the stored one that it was read from, or else its items, kept as a list of their own."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from moreish.api.trained import TrainedRun, open_run
from moreish.data import Corpus
from moreish.data.bundled import LISTS
from moreish.data.options import DataOptions
from moreish.runs.folder import Run
from moreish.studio.lists import Lists

OF_THE_FILE = ("encoding", "text", "column", "by", "weight", "recognise", "marks")  # how a file becomes items


def own_list(run: Run, lists: Lists) -> dict[str, Any]:
    """The list that the run learns, how it is read, the run's model, and whether its items were kept for it.

    Raises ValueError where the run has no list of items that could be learned again.
    """
    opened = open_run(run)
    corpus, data = opened.corpus, _changed(opened.config.data)
    if opened.config.model.name == "background":  # which takes a list undivided, as no other model would
        data = {name: value for name, value in data.items() if not name.endswith("_share")}
    read_from = str(run.config["source"].get("name", ""))
    found = {"model": opened.config.model.name, "kept": False}
    if (id := _stored(read_from, lists)) and (options := _read_alike(id, data, corpus, lists)) is not None:
        return {"list": id, "data": options, **found}
    id = lists.keep(f"{run.name}-items", json.dumps(_items(opened), ensure_ascii=False).encode())
    others = {name: value for name, value in data.items() if name not in OF_THE_FILE}
    options = _read_alike(id, others, corpus, lists)
    return {"list": id, "data": others if options is None else options, **found, "kept": True}


def _changed(options: DataOptions) -> dict[str, Any]:
    """The options that are not what they are by themselves."""
    usual = DataOptions()
    pairs = ((field.name, getattr(options, field.name)) for field in fields(options))
    return {name: value for name, value in pairs if value != getattr(usual, name)}


def _stored(read_from: str, lists: Lists) -> str | None:
    """The id of the list that lies where the run's was read from."""
    if read_from in LISTS:
        return read_from
    id = Path(read_from).stem
    path = lists.path(id)
    return id if path is not None and path.resolve() == Path(read_from).resolve() else None


def _read_alike(id: str, data: dict[str, Any], corpus: Corpus, lists: Lists) -> dict[str, Any] | None:
    """The options with which the list gives the same items in the same symbols; None where none do."""
    for left_out in (("unit",), ()):  # a unit that comes by itself need not be said
        options = {name: value for name, value in data.items() if name not in left_out}
        try:
            read = lists.read(id, options)
        except (ValueError, OSError):
            continue
        if read.vocab.unit == corpus.vocab.unit and len(read) == len(corpus) and _texts(read) == _texts(corpus):
            return options
    return None


def _texts(corpus: Corpus) -> list[str]:
    return corpus[:] if not corpus.options.text else [corpus[0]]


def _items(opened: TrainedRun) -> list[str]:
    """The items of a run. Raises ValueError where it has none, or too many to be kept once more."""
    corpus = opened.corpus
    sharded = "shards" in opened.run.config["source"]
    if sharded or corpus.options.text:
        what = "shards" if sharded else "a running text"
        raise ValueError(f"{opened.run.name} learned {what}, and the file of it is not here: give it under List")
    return corpus[:]
