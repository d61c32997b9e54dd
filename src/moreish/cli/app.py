"""The command line: the table of commands, and how each ends. A command is one file, loaded when it is asked for."""

import os
import sys

from cyclopts import App, CycloptsError

from moreish.cli.passing import parted
from moreish.cli.quick import quick
from moreish.cli.streams import settle_streams
from moreish.errors import BAD_INPUT, DONE, describe
from moreish.wording import in_a_terminal

COMMANDS = {
    "inspect": "What is in a list, before any training: counts, symbols, lengths, duplicates, what looks wrong, the "
    "split.",
    "train": "Train a model on a list and keep the run.",
    "shard": "A list or text larger than memory, made into files that training maps: then moreish train DIR.",
    "more": "More items from a run; from a list, in a second.",
    "background": "Train a background net on lists of your own; then: moreish LIST --background FOLDER.",
    "score": "How likely is each item under this run's model, and which symbols surprise it?",
    "odd": "The lines of a list that do not look like the others: slips, strangers, symbols that stand nowhere else.",
    "serve": "Answer programs over HTTP: POST /more and /score, GET /about and /openapi.json, until Ctrl-C.",
    "studio": "One page in the browser: paste a list, watch a model learn it, break it, heal it, make more.",
    "evaluate": "The loss of a run's model, beside what simple models lose: uniform, unigram, bigram, n-gram.",
    "mix": "Several runs as one, with weights fitted on val; the result is a run like any other.",
    "runs": "The runs there are: one row each; a damaged one is named and passed over.",
    "compare": "Runs side by side: what differs in their options, and what each reached.",
    "plot": "A picture of a run, or the pictures of what happens inside its network.",
    "export": "A run's network for other programs: Hugging Face, ONNX, safetensors; or its records for TensorBoard.",
    "neighbours": "The symbols that a run's network treats most like these: words, for a run on words.",
    "find-lr": "A learning rate for a recipe's network on a list: train while the rate rises, and see where the loss "
    "falls.",
    "sweep": "Try many configurations on a list, each a run, and say which is best and which options matter.",
    "check-backward": "Every gradient of a recipe's network, derived by hand, beside autograd's.",
    "doctor": "Why a net does not learn: watch a PyTorch script while it trains, or a run's network, and say what is "
    "wrong.",
    "lessons": "Twelve lessons from a derivative to attention: list them, open one as a notebook, run one here.",
    "learn": "Exercises that judge themselves: the next one is opened, and judged again at every save.",
    "lists": "The bundled lists, with what each holds.",
    "info": "What a report about a fault needs: versions, processor, threads, extras, folders.",
    "completion": "Complete commands, options and files in your shell (bash, zsh, fish): source what this prints, "
    "or keep it.",
}
"""Command -> the first line of its docstring; `find-lr` is the function `find_lr` in `moreish/cli/find_lr.py`."""

app = App(
    name="moreish",
    help="Feed it a list, get more like it.",
    help_format="plaintext",
    version_flags=["--version"],
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
app.default(quick)
for command, summary in COMMANDS.items():
    function = command.replace("-", "_")
    app.command(f"moreish.cli.{function}:{function}", name=command, help=summary)
data = App(name="data", help="Public lists.")
data.command("moreish.cli.fetch:fetch", help="Download a public list, verified by its pinned hash.")
app.command(data)


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code, which is 0 unless it says another; every error becomes one sentence."""
    settle_streams()
    arguments = parted(arguments)
    code = DONE
    try:
        with in_a_terminal():
            code = app(arguments, exit_on_error=False, print_error=False)
        if not sys.stdout.closed:  # by a program that was watched
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough, as in `moreish more names | head -1`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except SystemExit as ended:  # so rich says the same, for tables and help
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
    except CycloptsError as error:
        from moreish.cli.mistakes import describe_mistake

        return _fail(BAD_INPUT, describe_mistake(error, app, arguments), arguments)
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get("MOREISH_DEBUG"):
            raise
        return _fail(*describe(error), arguments)
    return code if isinstance(code, int) else DONE


def _fail(code: int, sentence: str, arguments: list[str]) -> int:
    if code == BAD_INPUT and os.environ.get("RANK", "0") != "0":
        return code  # the first of several processes says it
    from moreish.cli.show import fail

    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    fail(sentence, json="--json" in own)
    return code
