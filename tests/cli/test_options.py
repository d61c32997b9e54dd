"""Recipe < TOML file < flags < --set, in every command that takes them; what would be ignored is refused."""

import json

import pytest
from cyclopts import MissingArgumentError

from moreish.cli.app import COMMANDS, app
from moreish.cli.mistakes import describe_mistake


@pytest.fixture
def options(moreish, folder):
    """Train in the folder with these arguments; give the options that the run was kept with."""
    made = iter(range(100))

    def call(*arguments):
        out = f"options-{next(made)}-{len(list(folder.iterdir()))}"
        code, _, err = moreish("train", "list.txt", "-q", "--out", out, *arguments)
        assert code == 0, err
        return json.loads((folder / out / "config.json").read_text())["options"]["options"]

    return call


@pytest.fixture
def toml(folder):
    def write(text):
        (folder / "some.toml").write_text(text)
        return "some.toml"

    return write


SMALL = '[train]\nsteps = 2\nlr = 0.5\nbatch_size = 32\n[model]\nname = "mlp"\nn_hidden = 9\n'


def test_the_file_is_laid_over_the_recipe_flags_over_the_file_and_set_over_all(options, toml):
    config = toml("seed = 5\n" + SMALL)
    run = options("--recipe", "bigram", "--config", config)
    assert (run["seed"], run["model"]["name"], run["train"]["lr"], run["train"]["steps"]) == (5, "mlp", 0.5, 2)
    run = options("--config", config, "--seed", 6, "--model", "gru", "--lr", 0.25, "--steps", 3)
    assert (run["seed"], run["model"]["name"], run["train"]["lr"], run["train"]["steps"]) == (6, "gru", 0.25, 3)
    over = ["--set", "train.lr=0.125", "--set", "seed=7", "--set", "model.name=bigram"]
    run = options("--config", config, "--seed", 6, "--model", "gru", "--lr", 0.25, "--steps", 3, *over)
    assert (run["seed"], run["model"]["name"], run["train"]["lr"], run["train"]["steps"]) == (7, "bigram", 0.125, 3)


def test_the_file_may_name_the_recipe(options, toml):
    assert options("--config", toml('recipe = "bigram"\n[train]\nsteps = 2\n'))["recipe"] == "bigram"


@pytest.mark.slow
def test_steps_are_never_overridden_by_a_time_budget_of_the_recipe(options, moreish, folder):
    run = options("--recipe", "tiny", "--steps", 4)
    assert (run["train"]["steps"], run["train"]["time_budget"]) == (4, None)
    assert moreish("train", "list.txt", "-q", "--recipe", "quick", "--steps", 30, "--out", "thirty")[0] == 0
    records = [json.loads(line) for line in (folder / "thirty" / "metrics.jsonl").read_text().splitlines()]
    assert records[-1]["step"] == 30


def test_a_time_budget_drops_the_steps_of_the_recipe(options):
    run = options("--recipe", "bigram", "--time-budget", "0.2s")
    assert run["train"]["time_budget"] == 0.2
    assert "steps" not in run["train"]


REFUSED = {
    "two limits": (["train", "list.txt", "--steps", "3", "--time-budget", "3s"], "--steps and --time-budget both"),
    "two limits, one by --set": (
        ["train", "list.txt", "--steps", "3", "--set", "train.time_budget=3"],
        "--steps and train.time_budget both say",
    ),
    "a rate for counting": (["train", "list.txt", "--model", "ngram", "--lr", "0.1"], "--lr is for training"),
    "steps for counting": (["train", "list.txt", "--model", "ngram", "--steps", "3"], "--steps is for training"),
    "time for counting": (["train", "list.txt", "--recipe", "ngram", "--time-budget", "3s"], "--time-budget is for"),
    "time for counting alone": (["list.txt", "--set", "model.name=ngram", "--time-budget", "3s"], "--time-budget is"),
    "a rate and --resume": (["train", "--resume", "list-gru-1", "--lr", "1"], "so --lr would change nothing"),
    "a file and --resume": (["train", "list.txt", "--resume", "list-gru-1"], "so FILE would change nothing"),
    "a recipe and --resume": (["train", "--resume", "x", "--recipe", "tiny"], "so --recipe would change nothing"),
    "a model and --resume": (["train", "--resume", "x", "--model", "gru"], "so --model would change nothing"),
    "a seed and --resume": (["train", "--resume", "x", "--seed", "0"], "so --seed would change nothing"),
    "--set and --resume": (["train", "--resume", "x", "--set", "model.n_hidden=3"], "so model.n_hidden would"),
    "--inexact alone": (["train", "list.txt", "--inexact"], "--inexact is for going on with a run"),
    "reading a run": (["more", "list-gru-1", "--unit", "word"], "is a run, whose list was read when it was trained"),
    "a network for a list": (["more", "list.txt", "--set", "model.name=gru"], "a list by itself is only counted"),
    "training a list": (["more", "list.txt", "--set", "train.lr=1"], "train.lr is for training a network"),
    "training to inspect": (["inspect", "list.txt", "--set", "train.lr=1"], "inspect only reads the list"),
    "a rate to find one": (["find-lr", "list.txt", "--set", "train.lr=1"], "find-lr raises the learning rate itself"),
    "arguments for a run": (["doctor", "list-gru-1", "x"], "list-gru-1 is no script"),
    "two kinds of pictures": (["plot", "list-gru-1", "--inside", "--what", "loss"], "ask for different pictures"),
    "two formats": (["more", "list.txt", "--json", "--format", "csv"], "--json and --format csv ask for two formats"),
    "fewer than none": (["more", "list.txt", "-n", "-3"], '-n: "-3" is less than nothing'),
    "half an item": (["more", "list.txt", "-n", "2.5"], '-n: "2.5" is not a whole number'),
    "fewer than none at once": (["list.txt", "-n", "-3"], '-n: "-3" is less than nothing'),
    "half a step": (["train", "list.txt", "--steps", "1.5"], '--steps: "1.5" is not a whole number'),
    "half a symbol": (["more", "list.txt", "--top-k", "1.5"], '--top-k: "1.5" is not a whole number'),
    "no number": (["more", "list.txt", "--temperature", "hot"], '--temperature: "hot" is not a number'),
    "a list beside one that is not there": (["more", "list.txt", "lost.txt"], "there is no file lost.txt"),
    "two lists for one": (["find-lr", "list.txt", "b.txt"], 'takes one list at a time, and "b.txt" is one more'),
    "a list that is not there": (["list.txt", "b.txt"], "there is no file b.txt"),
    "a list twice": (["inspect", "list.txt", "list.txt"], "list.txt is named twice"),
    "a column of a plain list": (["inspect", "list.txt", "--column", "name"], "has no columns"),
    "a file nearly a command": (["inspct", "list.txt"], 'there is no command "inspct"; did you mean "inspect"?'),
    "a command nearly right": (["trian", "list.txt"], 'there is no command "trian"; did you mean "train"?'),
    "an option nearly right": (["more", "--cuont", "3"], 'no option --cuont here; did you mean "--count"?'),
    "an option of nothing": (["--halp"], 'no option --halp here; did you mean "--help"?'),
    "no such part of data": (["data", "fletch"], 'there is no command "data fletch"; data has: fetch'),
    "no run": (["score"], "moreish score needs RUN, a run folder or its short name, as in `moreish score"),
    "no run to export": (["export"], "moreish export needs RUN, a run folder or its short name, as in"),
    "no folder": (["export", "x"], "moreish export needs FOLDER, a new folder or an empty one, as in"),
    "no format": (["export", "x", "y"], "moreish export needs --to, as in `moreish export"),
    "no place": (["shard", "list.txt"], "moreish shard needs --out, as in `moreish shard"),
    "no shell": (["completion"], "moreish completion needs the name of your shell, as in `moreish completion"),
    "no value": (["train", "--model"], "--model needs a value after it"),
    "a value with a dash": (["more", "list.txt", "--starts-with", "-x"], "is written --starts-with=-x"),
    "twice": (["more", "list.txt", "-n", "3", "-n", "4"], "-n is given twice"),
    "a word too many": (["runs", "x"], 'moreish runs takes only options, so "x" has no place'),
    "an option without its section": (["train", "list.txt", "--set", "lr=1"], 'did you mean "train.lr"?'),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_refused_with_a_sentence_that_names_it(case, moreish, folder):
    arguments, sentence = REFUSED[case]
    before = sorted(folder.rglob("*"))
    code, out, err = moreish(*arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.startswith(("moreish: ", '{"error": '))
    assert len(err.splitlines()) == 1
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("command", [*COMMANDS, "data fetch"])
def test_what_a_command_cannot_do_without_is_named_with_an_example(command):
    try:
        app.parse_args(command.split(), exit_on_error=False, print_error=False)
    except MissingArgumentError as error:
        sentence = describe_mistake(error, app, command.split())
        assert sentence.startswith(f"moreish {command} needs ")
        assert f", as in `moreish {command} " in sentence


@pytest.mark.parametrize("command", COMMANDS)
def test_the_table_of_commands_says_what_each_says_of_itself(command):
    function = app[command].default_command
    assert (function.__doc__ or "").splitlines()[0] == COMMANDS[command]
    assert function.__module__ == f"moreish.cli.{command.replace('-', '_')}"
