"""Whose words are whose on the command line of `moreish doctor`: its own, or those of the program that it watches."""

from collections.abc import Sequence

OWN = {"--json": False, "--html": True, "--fail-on": True, "--stop-on": True, "--root": True}
"""Options of `moreish doctor` -> whether a value follows."""
MODULE = ("-m", "--module")


def parted(arguments: Sequence[str]) -> list[str]:
    """The whole command line, with `--` put where the words of the program begin.

    The doctor's options stand before the program's name or directly after it. The first word after it that is none of
    them, and whatever follows, belongs to the program; so does all that follows `--`.
    """
    words = list(arguments[1:])
    if list(arguments[:1]) != ["doctor"]:
        return list(arguments)
    at = _after_own(words, 0)
    if words[at : at + 1] and words[at] in MODULE:
        at += 2
    elif words[at : at + 1] and words[at].endswith(".py"):
        at += 1
    else:  # a run, a mistake, or already parted
        return list(arguments)
    end = _after_own(words, at)
    rest = words[end:]
    if rest[:1] == ["--"]:
        rest = rest[1:]
    else:
        _warn(rest)
    return ["doctor", *words[:end], "--", *rest]


def _after_own(words: Sequence[str], at: int) -> int:
    """Where the doctor's own options that begin here have ended."""
    while at < len(words) and (name := _named(words[at])) in OWN:
        at += 2 if OWN[name] and "=" not in words[at] else 1
    return min(at, len(words))


def _named(word: str) -> str:
    return word.partition("=")[0].replace("_", "-")


def _warn(rest: Sequence[str]) -> None:
    """Say so where the program gets an option that could have been meant for the doctor."""
    meant = [word for word in rest if _named(word) in OWN and word.startswith("--")]
    if meant:
        from moreish.cli.show import note

        note(
            f"{meant[0]} goes to the program, because {rest[0]} before it does: options of moreish stand before its "
            "name or directly after it (-- after its name says that none of what follows is meant for moreish)"
        )
