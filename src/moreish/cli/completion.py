"""moreish completion: what the shell needs to complete commands, options and files."""

import re
import sys
from typing import Literal

KEPT_IN = {
    "bash": "~/.local/share/bash-completion/completions/moreish",
    "zsh": "_moreish in a folder of your fpath",
    "fish": "~/.config/fish/completions/moreish.fish",
}


def completion(shell: Literal["bash", "zsh", "fish"]) -> None:
    """Complete commands, options and files in your shell (bash, zsh, fish): source what this prints, or keep it.

    Parameters
    ----------
    shell
        Your shell. For good: moreish completion bash > ~/.local/share/bash-completion/completions/moreish
    """
    from moreish.cli.app import app
    from moreish.cli.show import note, out

    script = WITH_FILES[shell](app.generate_completion(shell=shell))
    sys.stdout.write(script.rstrip("\n") + "\n")
    if out.is_terminal:
        note(f"to be kept in {KEPT_IN[shell]}")


def _bash(script: str) -> str:
    """Files where nothing else fits: lists and run folders are arguments."""
    return script.replace("complete -F", "complete -o default -F")


def _zsh(script: str) -> str:
    """Files for every argument that is no option and has no values of its own to offer; sourced or found in fpath."""
    argument = re.compile(r"""^(\s+'(?:\d+|\*):(?![ :])(?:[^':\\\n]|\\.|'\\'')*)'( \\)?$""", re.MULTILINE)
    named = argument.sub(r"\1:_files'\2", script).replace("_cyclopts_moreish", "_moreish")
    return named.rstrip("\n") + ZSH_BEGINS


ZSH_BEGINS = """

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _moreish "$@"
else
  compdef _moreish moreish
fi
"""
WITH_FILES = {"bash": _bash, "zsh": _zsh, "fish": str}  # fish offers files by itself
