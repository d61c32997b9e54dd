"""What is fuzzed: each target makes one hostile input from the number of a case and hands it to moreish."""

import dataclasses
import json
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from functools import cache
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from moreish.cli.overrides import overrides_of
from moreish.data import Corpus, from_items, read
from moreish.data.options import DataOptions
from moreish.fitting.fit import Fitting, Snapshot
from moreish.inference.asking import Asked, Request
from moreish.models import MODELS, model_class
from moreish.ngram import KneserNey
from moreish.options import build, parse_assignments
from moreish.recipes import RECIPES, Config, Overrides, checked_data_options, grow, networks_of, resolve
from moreish.recipes.overrides import Plain
from moreish.runs import events
from moreish.runs.checkpoint import STATE
from moreish.runs.files import decode, encode
from moreish.runs.folder import claim_folder, create, find_run, list_runs, open_run
from moreish.runs.records import Records
from moreish.runs.schema import Described, State, checked
from moreish.training.options import TrainOptions
from tests.attacks.judging import no_fault
from tests.attacks.mutations import TEXTS, any_value, mutated, torn
from tests.attacks.sealed import FILES, interrupted, plain, reseal, uses, written
from tests.support.lists import made_items

LISTS = (
    "anna\notto\nhannah\n",
    'name,kind,weight\nanna,f,2\notto,m,0.5\n"x,y",m,3\n',
    '["anna", "otto", "hannah"]',
    '[{"name": "anna", "n": 2}, {"name": "otto", "n": 1}]',
    '{"name": "anna"}\n{"name": "otto"}\n',
    "anna, otto, hannah, hanna, tina, nina",
    "नमस्ते\nधन्यवाद\n\u202eabc\na\u0301\u0323\n",
    "a\tb\n1\t2\n3\t4\n",
)
CHUNKS = (
    b"emma\n", b"\r", b"\r\n", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b[2J", b"\xf0\x9f\x98\x80",
    b"a,b,c\n", b'"a\n', b"{", b'{"name": "x"}\n', b"[" * 500, b"\t", b" ", b"x" * 3000, b"\n" * 50, b"\xe2\x80\xae",
    b"\x85", b"\xcc\x81" * 90, "ß\u2028İ\n".encode(), b"1;2;3\n", b"# c\n", b"<script>\n", b"=1+1\n",
)  # fmt: skip
SECTIONS = {"train": TrainOptions, "data": DataOptions}


@cache
def memory() -> Path:
    """A folder in memory where the system has one, that goes with this process."""
    shm = Path("/dev/shm")
    kept = tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None)
    _kept.append(kept)
    return Path(kept.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []


@cache
def corpus() -> Corpus:
    """A hundred items."""
    return from_items(made_items(100))


def reader(case: int) -> None:
    """A file of bytes, read with any options."""
    rng = random.Random(f"reader {case}")
    data = rng.choice(LISTS).encode(rng.choice(("utf-8", "utf-8", "utf-8", "utf-16", "latin-1")), "replace")
    if rng.random() < 0.4:
        data = b"".join(rng.choices(CHUNKS, k=rng.randrange(12)))
    for _ in range(rng.randrange(3)):
        data = torn(data, rng)
    path = memory() / f"list{rng.choice(('.txt', '.csv', '.json', '.jsonl', '.tsv', ''))}"
    path.write_bytes(data)
    options: dict[str, Any] = {}
    fields = [field for field in dataclasses.fields(DataOptions) if not field.name.startswith("max_")]
    for field in rng.sample(fields, rng.choice((0, 0, 1, 2))):
        usual = {"column": "name", "by": rng.choice(("kind", "file")), "weight": "n", "encoding": "utf-16"}
        options[field.name] = rng.choice((any_value(rng), usual.get(field.name, rng.random() < 0.5)))
    if rng.random() < 0.1:
        options |= {rng.choice(("max_items", "max_length", "max_symbols", "max_bytes")): rng.choice((1, 5, 20))}
    with no_fault((data, options)):
        found = read(path, build(DataOptions, options, "data."))
        found.report.headline()
        assert len(found) == sum(len(found.split(part)) for part in ("train", "val", "test")) >= 1
        assert all(found.vocab.encode(item).size for item in list(found)[:50])


def config(case: int) -> None:
    """A recipe's plain values or a TOML file, changed."""
    rng = random.Random(f"config {case}")
    if case % 2:
        recipe = rng.choice([*RECIPES])
        values = mutated({**resolve(recipe).plain()}, rng)
        with no_fault(values):
            if isinstance(values, dict):
                Config.from_plain(Config.from_plain(values).plain())
        return
    text = '[model]\nname = "gru"\nn_hidden = 12\n[train]\nlr = 0.01\nbetas = [0.9, 0.99]\n[data]\nlower = true\n'
    path = memory() / "config.toml"
    path.write_bytes(torn(text.encode(), rng))
    with no_fault(path.read_bytes()):
        resolve(rng.choice((None, "quick")), overrides_of(config=path))


@cache
def option_names() -> list[str]:
    """What can be set, and what cannot."""
    names = [f"{section}.{field.name}" for section, kind in SECTIONS.items() for field in dataclasses.fields(kind)]
    for name in MODELS:
        names += [f"model.{field.name}" for field in dataclasses.fields(model_class(name).Options)]
    others = "seed recipe model train data model.name model.components model.train model.train.lr model.seed a.b.c.d"
    return [*names, *others.split(), "", "model.components.0", "."]


SAID = (
    "1e309", "NaN", "Infinity", "null", "none", "gru", "mixture", "9" * 5000, "[" * 3000, "[0.9]",
    '[{"name":"gru"},{"name":[]}]', '[{"name":"gru","train":"x"},{"name":{}}]', '[{"seed":"x"},{}]',
    '[{"name":"gru","train":{"steps":1e400}},{}]',
)  # fmt: skip


def assignments(case: int) -> None:
    """What follows --set."""
    rng = random.Random(f"assignments {case}")
    given = []
    if rng.random() < 0.6:
        given.append(f"model.name={rng.choice([*MODELS, 'ngram', 'background', 'reader', 'mixture'])}")
    for _ in range(rng.randrange(1, 4)):
        value = any_value(rng)
        text = json.dumps(value) if rng.random() < 0.7 else rng.choice((str(value), *SAID))
        given.append(f"{rng.choice(option_names())}{rng.choice(('=', '=', '=', ' = ', '==', ''))}{text}")
    recipe = rng.choice((None, *RECIPES))
    with no_fault(given):
        overrides = Overrides(settings=parse_assignments(given))
        checked_data_options(recipe, overrides)
        networks_of(recipe, overrides)
        config = grow(resolve(recipe, overrides))
        assert Config.from_plain(json.loads(json.dumps(config.plain(), allow_nan=False))) == config


@cache
def snapshots() -> list[tuple[Config, Snapshot]]:
    """Trainings in the middle: one network, a mixture, with averages, with momentum, n-grams."""
    mixture = {"name": "mixture", "components": [{"name": "ngram"}, {"name": "bigram"}]}
    models: list[tuple[Plain, Plain]] = [
        ({"name": "mlp", "n_hidden": 4, "n_embd": 2}, {"ema": 0.9}),
        (mixture, {"optimizer": "sgd", "momentum": 0.9}),
        ({"name": "ngram", "order": 2}, {}),
        ({"name": "gru", "n_hidden": 3, "n_embd": 2}, {"time_budget": 100}),
    ]
    found = []
    for model, train in models:
        steps = {} if "time_budget" in train else {"steps": 20}
        options = {"model": model, "train": {**steps, "eval_every": 4, "log_every": 2, "batch_size": 8, **train}}
        chosen = resolve(None, Overrides(options))
        fitting = Fitting(corpus(), chosen)
        for event in fitting.fit():
            if event == events.Fitted or (isinstance(event, events.Eval) and event.step >= 8):
                break
        found.append((chosen, fitting.snapshot()))
    return found


def checkpoint(case: int) -> None:
    """A checkpoint that is sealed as it should be, of which something was changed."""
    rng = random.Random(f"checkpoint {case}")
    chosen, snapshot = rng.choice(snapshots())
    state = json.loads(encode(snapshot.state))
    tensors, optim = dict(snapshot.tensors), None if snapshot.optim is None else dict(snapshot.optim)
    what = rng.random()
    if what < 0.8:
        state = mutated(state, rng)
    elif what < 0.9 or not optim:
        tensors = _other_tensors(tensors, rng)
    else:
        optim = rng.choice((None, {}, _other_tensors(optim, rng)))
    sealed = {"step": 4, "val_loss": 2.0, "metrics_offset": 9, "metrics_sha256": "0" * 64, "trainer": state}
    sealed |= {"config_sha256": "0" * 64, "vocab_sha256": "0" * 64}
    if what < 0.1:
        sealed = mutated(sealed, rng)
    with no_fault((chosen.model.name, what, state)):
        found = checked(decode(json.dumps(sealed).encode(), STATE), State, STATE)
        fitting = Fitting.restore(corpus(), chosen, found.trainer, tensors, optim)
        for member in fitting.members:
            assert 0 <= member.state.progress <= 1
        if case % 20 == 0:
            for n, _ in enumerate(fitting.fit()):
                if n == 3:
                    break


def _other_tensors(tensors: dict[str, np.ndarray], rng: random.Random) -> dict[str, np.ndarray]:
    name = rng.choice(sorted(tensors))
    array = tensors[name]
    others: list[Callable[[], np.ndarray | None]] = [
        lambda: None,
        lambda: array[..., :-1] if array.ndim else array,
        lambda: array.astype(rng.choice(("float64", "int64", "uint8", "bool"))),
        lambda: np.zeros(0, array.dtype),
        lambda: np.full_like(array, rng.choice((0, 1, 255 if array.dtype.kind == "u" else -1))),
        lambda: array[None],
    ]
    other = rng.choice(others)()
    changed = {key: value for key, value in tensors.items() if key != name}
    if other is not None:
        changed[rng.choice((name, name, name, "0/x", "", "9/best/y"))] = other
    return changed


RECORDS: tuple[dict[str, Any], ...] = (
    {"event": "step", "step": 2, "loss": 2.5, "lr": 0.1, "tokens": 20, "seconds": 0.5, "progress": 0.25},
    {"event": "eval", "step": 2, "val_loss": 2.5, "best": True, "component": 1},
    {"event": "mixed", "weights": [0.25, 0.75], "val_loss": 2.0, "step": 3, "seconds": 1.0},
    {"event": "samples", "step": 4, "items": ["anna", "otto"]},
    {"event": "done", "run": "names-1", "step": 4, "val_loss": 2.0},
    {"event": "baselines", "uniform": 3.0, "unigram": 2.5, "bigram": 2.2, "ngram": 2.0},
    {"event": "doctor", "step": 4, "findings": [{"id": "F01", "severity": "sick", "layer": "a", "step": 1,
     "sentence": "x", "remedy": "y"}], "notes": ["n"], "steps": 4, "frames": 3, "cost": 0.1},
    {"event": "finding", "step": 1, "finding": {"id": "F01", "severity": "watch", "layer": "a", "step": 1,
     "sentence": "x", "remedy": "y", "numbers": {"a": 1.0}, "layers": ["b"], "operation": {"k": 1}}},
    {"event": "quantities", "step": 1, "at": 1, "values": {"a/saturated": 0.5}},
    {"event": "network", "number": 1, "of": 1, "name": "gru", "parameters": 10, "threads": 1, "step": 0},
)  # fmt: skip


FIELDS = sorted({name for kind in events.EVENTS for name in kind.__struct_fields__})


def records(case: int) -> None:
    """A metrics.jsonl of which a line or some bytes were changed; every reader of records goes through it."""
    from moreish.cli.compare import compared_run
    from moreish.cli.panel import Panel
    from moreish.training.reports import histories_of, reports_of

    rng = random.Random(f"records {case}")
    lines = [encode(record) for record in RECORDS]
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(lines))
        if rng.random() < 0.7:
            lines[at] = json.dumps(mutated(json.loads(encode(RECORDS[at])), rng)).encode() + b"\n"
        else:
            lines[at] = torn(lines[at], rng)
    if rng.random() < 0.5:
        fields = {rng.choice(FIELDS): any_value(rng) for _ in range(rng.randrange(8))}
        odd = {"event": rng.choice(sorted(events.NAMES)), **fields}
        lines.insert(rng.randrange(len(lines)), json.dumps(odd).encode() + b"\n")
    run = a_run()
    path = run.folder / "metrics.jsonl"
    path.write_bytes(b"".join(lines))
    panel = Panel()
    with no_fault(path.read_bytes()), redirect_stderr(StringIO()):
        list(Records(path).follow())
        for event in run.events():
            assert events.from_record(events.to_record(event)) is not None
            panel.feed(event)
        panel.lines()
    with no_fault(path.read_bytes()):
        run.summary()
        compared_run(run)
    with no_fault(path.read_bytes()):
        for report in reports_of(run.events()).values():
            report.text()
            report.plain()
        histories_of(run.events())


@cache
def a_run() -> Any:
    """A run folder without a checkpoint."""
    about = {"options": resolve("quick").plain(), "source": {"name": "x", "items": 3}, "moreish": "0"}
    return create(memory() / "a-run", about, corpus().vocab.to_json())


def names(case: int) -> None:
    """Names of runs, lists and folders, wherever a name is taken."""
    rng = random.Random(f"names {case}")
    name = "".join(rng.choice((*TEXTS, *"abc/\\.~$-_%\n\t\u0301", "..", "~root")) for _ in range(rng.randrange(1, 5)))
    root = memory() / "names"
    with no_fault(name):
        if "\0" not in name:
            folder = claim_folder(root, name)
            assert folder.parent == root
            folder.rmdir()
    for attempt in (find_run, open_run):
        with no_fault((attempt, name)):
            attempt(name, root)
    with no_fault(name):
        list_runs(root / name)
    with no_fault(name):
        read(name, DataOptions())
    with no_fault(name):
        about = {"options": {"model": {}}, "source": {"name": name, "items": len(name)}, "moreish": "0"}
        checked(about, Described, "x")


PIECES = (
    *"abcklmnot*?_.|()[]{}^$\\+-,0123456789: ", "[a-z]", "(?=a)", "(?P<n>a)", "{2,3}", "{99999}", "\\d", "\\",
    "a{1,500}",
    "(a*)*", "[^a]", "(?i)", "\\1", "[z-a]", "((((", "a|b", ".*", "\u0301", "\ud800", "\0", "4-8", "-", "8-4", "--",
)  # fmt: skip
RULES = ("starts_with", "ends_with", "contains", "length", "pattern", "regex", "only", "without")


def rules(case: int) -> None:
    """Patterns, expressions, lengths and all else that items may be asked for."""
    rng = random.Random(f"rules {case}")
    wishes: dict[str, Any] = {}
    for name in rng.sample(RULES, rng.randrange(1, 4)):
        wishes[name] = "".join(rng.choice(PIECES) for _ in range(rng.randrange(0, 8)))
        if name == "contains":
            wishes[name] = (wishes[name],)
    if rng.random() < 0.3:
        option = rng.choice(
            ("temperature", "top_k", "top_p", "min_p", "max_length", "new_by", "apart", "best", "unique")
        )
        value = any_value(rng)
        flat = value if isinstance(value, str | float | int | None) else repr(value)  # what the type allows
        wishes[option] = rng.choice((flat, 0, 1, 0.5, True))
    with no_fault(wishes):
        asked = Asked(counted(), corpus(), Request.of(**wishes))
        if case % 10 == 0:
            list(islice(asked.items(2, np.random.default_rng(case)), 2))


@cache
def counted() -> Any:
    """An n-gram of the items."""
    train = corpus().split("train")
    return KneserNey.fit(train.ids, train.offsets, len(corpus().vocab), 2)


@cache
def a_training() -> Path:
    """The folder of a training that was stopped in the middle."""
    return interrupted(memory() / "training")


def folders(case: int) -> None:
    """A run folder that is sealed as it should be, a file of which was changed, and whatever people do with a run."""
    rng = random.Random(f"folders {case}")
    name = rng.choice(FILES)
    value = mutated(plain(a_training(), name), rng)
    folder = reseal(a_training(), name, written(value, name), memory() / f"folder-{case}")
    for action in uses(folder):
        with no_fault((name, value)):
            action()
    shutil.rmtree(folder)


TARGETS: dict[str, Callable[[int], None]] = {
    each.__name__: each for each in (reader, config, assignments, checkpoint, records, names, rules, folders)
}


@contextmanager
def released() -> Iterator[None]:
    """What the targets keep in memory goes afterwards."""
    try:
        yield
    finally:
        for kept in _kept:
            kept.cleanup()
        _kept.clear()
        for each in (memory, a_run, a_training):
            each.cache_clear()
