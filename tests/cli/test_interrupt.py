"""Ctrl-C at any moment: a sentence and exit code 130, never a traceback. Real processes, real signals."""

import os
import signal
import subprocess
import sys
import time

import pytest

from moreish.cli import interrupt
from moreish.errors import INTERRUPTED, describe
from tests.support.systems import needs_signals

ENV = os.environ | {"OMP_NUM_THREADS": "1"}
MOMENTS = [i * 0.025 for i in range(20)]

# What Python does before our first line is not ours; so the process says when that is reached.
ENTRY = """
import os
try:
    os.write(1, b"!")
    from moreish.__main__ import main
except KeyboardInterrupt:
    os._exit(130)
main()
"""


@pytest.mark.slow
@needs_signals
@pytest.mark.parametrize("request_to_stop", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(
    "words", [["more", "names", "-n", "1000000", "--repeats"], ["train", "names", "--model", "gru", "--out", "run"]]
)
def test_at_every_moment_of_the_start_it_ends_with_130_and_a_sentence(words, request_to_stop, tmp_path):
    for moment in MOMENTS if request_to_stop == "SIGINT" else MOMENTS[4::5]:
        process = subprocess.Popen(
            [sys.executable, "-c", ENTRY, *words],
            cwd=tmp_path, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.read(1) == b"!"
        time.sleep(moment)
        process.send_signal(getattr(signal, request_to_stop))
        _, err = process.communicate(timeout=60)
        said = err.decode()
        too_early = request_to_stop == "SIGTERM" and process.returncode == -signal.SIGTERM  # Python heeds it itself
        assert process.returncode == 130 or (too_early and not said and not (tmp_path / "run").exists()), (
            moment,
            said,
        )
        assert "Traceback" not in said
        assert "a fault in moreish" not in said
        assert said.endswith("interrupted\n") or "interrupted; go on with" in said or not said
        assert not (tmp_path / "run").exists() or "go on with" in said


class Interrupting:
    """A field whose class is being made when Ctrl-C comes."""

    def __set_name__(self, owner, name):
        raise KeyboardInterrupt


def test_an_exception_that_an_import_made_of_ctrl_c_is_told_as_ctrl_c():
    with pytest.raises((RuntimeError, KeyboardInterrupt)) as raised:  # which of the two is up to Python's release
        type("Made", (), {"field": Interrupting()})
    assert describe(raised.value) == (INTERRUPTED, "interrupted")


def test_only_a_process_that_leaves_at_once_is_changed_when_something_begins():
    before = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        interrupt.something_began()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        interrupt.leave_at_once()
        interrupt.something_began()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
