"""Mistakes in what was typed: the parser's errors as one sentence that says what is meant instead."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from cyclopts import App, CoercionError, CycloptsError, MissingArgumentError, UnknownCommandError
from cyclopts.exceptions import RepeatArgumentError, UnusedCliTokensError

SEVERAL = {"--file": "list", "--run-or-file": "run or list"}
WANTED = {
    "--run": "RUN, a run folder or its short name",
    "--target": "a Python script or a run",
    "--name": "the name of a public list",
    "--folder": "FOLDER, a new folder or an empty one",
    "--shell": "the name of your shell",
}
"""What the word in a place of a command is."""

EXAMPLES = {
    "score": "moreish score names-quick-1 emma",
    "neighbours": "moreish neighbours names-quick-1",
    "evaluate": "moreish evaluate names-quick-1",
    "plot": "moreish plot names-quick-1",
    "doctor": "moreish doctor train.py",
    "data fetch": "moreish data fetch names",
    "export": "moreish export names-quick-1 exported --to safetensors",
    "shard": "moreish shard big.txt --out sharded",
    "background": "moreish background lists/*.txt --out my-net",
    "completion": "moreish completion bash",
}


def describe_mistake(error: CycloptsError, app: App, arguments: Sequence[str]) -> str:
    """One sentence: what, where, and what to do."""
    chain, apps, rest = app.parse_commands(list(arguments))
    command = " ".join(chain)
    options = _options(apps[-1])
    cure = f"`{' '.join(['moreish', *chain, '--help'])}` lists what there is"
    strange = next((word for word in _words(rest) if not _known(word, options)), None)
    match error:
        case UnknownCommandError():
            known = [name for name in apps[-1] if not name.startswith("-")]
            return f'there is no command "{command} {rest[0]}"; {command} has: {", ".join(known)}'
        case RepeatArgumentError():
            return f"{error.token.keyword or error.token.value} is given twice; give it once"
        case MissingArgumentError() if error.argument is not None:
            return _missing(error, error.argument.name, rest, command, cure)
        case _ if strange:
            near = difflib.get_close_matches(strange, options, n=1)
            guess = f'did you mean "{near[0]}"? ' if near else ""
            return f"there is no option {strange} here; {guess}{cure}"
        case CoercionError():
            return " ".join(str(error).split()).removeprefix("Invalid value for ")
        case UnusedCliTokensError():
            return _too_much(error.unused_tokens or [], rest, command, apps[-1], cure)
    return f"{' '.join(str(error).split())} ({cure})"


def _options(command: App) -> list[str]:
    """The options that a command knows, by every name."""
    arguments = command.assemble_argument_collection() if command.default_command else []
    names = [name for argument in arguments for name in argument.names]
    return [name for name in [*names, *command.help_flags, *command.version_flags] if name.startswith("-")]


def _words(tokens: Sequence[str]) -> list[str]:
    """Those that look like options, up to the one that says that no more follow."""
    end = tokens.index("--") if "--" in tokens else len(tokens)
    return [word for word in tokens[:end] if word[:1] == "-" and len(word) > 1 and not word[1].isdigit()]


def _known(word: str, options: Sequence[str]) -> bool:
    """Whether the parser takes the word for one of these options: with `=` and a value, or with _ for -."""
    return word.split("=")[0].replace("_", "-") in options or (word[1] != "-" and word[:2] in options)


def _missing(error: MissingArgumentError, name: str, rest: Sequence[str], command: str, cure: str) -> str:
    option = error.keyword or name
    if option not in rest:
        example = f", as in `{EXAMPLES[command]}`" if command in EXAMPLES else f"; {cure}"
        return f"moreish {command} needs {WANTED.get(name, name)}{example}"
    follows = rest[rest.index(option) + 1 :][:1] if option in rest else []
    dash = f" (one that begins with a dash is written {option}={follows[0]})" if follows else ""
    return f"{option} needs a value after it{dash}; {cure}"


def refuse_command_as_file(files: Sequence[str]) -> None:
    """Raises ValueError where the first of several files is none, and nearly a command."""
    from moreish.cli.app import COMMANDS

    if len(files) < 2 or not files[0].isalpha() or Path(files[0]).exists():
        return
    if near := difflib.get_close_matches(files[0], COMMANDS, n=1):
        raise ValueError(f'there is no command "{files[0]}"; did you mean "{near[0]}"?')


def _too_much(unused: Sequence[str], rest: Sequence[str], command: str, taken: App, cure: str) -> str:
    places = [argument for argument in taken.assemble_argument_collection() if argument.index is not None]
    named = f"moreish {command}".strip()
    if not places:
        return f'{named} takes only options, so "{unused[0]}" has no place; {cure}'
    if kind := SEVERAL.get(places[0].name):
        return (
            f'{named} takes one {kind} at a time, and "{unused[0]}" is one more: say {named} for each of them, or '
            "put the lists into one file first"
        )
    return f'{named} takes one word, and "{unused[0]}" is one more; {cure}'
