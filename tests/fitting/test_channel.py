"""Messages between processes: any size, both ways at once, and an end that is noticed at both ends."""

import os
import signal
import sys
import threading
from io import FileIO

import pytest

from moreish.fitting import channel
from moreish.fitting.channel import Channel, Failure
from tests.support.systems import needs_groups


def pair() -> tuple[Channel, Channel]:
    """Two channels to each other."""
    (a, b), (c, d) = os.pipe(), os.pipe()
    return Channel(FileIO(a, "r"), FileIO(d, "w")), Channel(FileIO(c, "r"), FileIO(b, "w"))


def close(one: Channel, other: Channel) -> None:
    one._outgoing.close()
    other.close()
    one.close()


def test_messages_of_every_size_arrive_in_order_though_nobody_reads_meanwhile():
    one, other = pair()
    messages = [b"", "go", [], b"x" * 3_000_000, {"a": (1, None)}, b"y" * 70_000]
    for message in messages:  # more than a pipe holds, in both directions
        one.send(message)
        other.send(message)
    assert [other.receive() for _ in messages] == messages == [one.receive() for _ in messages]
    close(one, other)


def test_the_end_is_told_after_what_was_sent_before_it_and_again_whenever_one_asks():
    one, other = pair()
    one.send("last")
    one._outgoing.close()
    assert other.receive() == "last"
    for _ in range(2):
        with pytest.raises(EOFError):
            other.receive()
    close(one, other)


def test_half_a_message_is_an_end():
    one, other = pair()
    one._outgoing.write(channel.LENGTH.pack(100) + b"half")
    one._outgoing.close()
    with pytest.raises(EOFError):
        other.receive()
    close(one, other)


def test_sending_to_nobody_raises():
    (incoming, other), (reader, writer) = os.pipe(), os.pipe()
    os.close(reader)
    alone = Channel(FileIO(incoming, "r"), FileIO(writer, "w"))
    with pytest.raises(BrokenPipeError):
        alone.send("x")
    os.close(other)
    alone.close()


def test_waiting_gives_the_one_that_has_something():
    one, other = pair()
    third, fourth = pair()
    threading.Timer(0.05, fourth.send, ["now"]).start()
    assert channel.wait([other, third]) == [third]
    assert third.receive() == "now"
    close(one, other)
    close(third, fourth)


# A child of its own

CHILD = """
import os, signal, struct, sys
def work(owner):
    print("this is no message")
    while (asked := owner.receive()) != "end":
        owner.send(eval(asked))
"""


@pytest.fixture
def child(tmp_path, monkeypatch):
    """A child that evaluates what it is sent, started from a folder whose files have the names of Python's own."""
    modules, here = tmp_path / "modules", tmp_path / "here"
    for folder in (modules, here):
        folder.mkdir()
    (modules / "evaluator.py").write_text(CHILD, encoding="utf-8")
    for name in ("struct", "signal", "pickle", "moreish"):
        (here / f"{name}.py").write_text("raise ImportError('that of the folder')", encoding="utf-8")
    monkeypatch.syspath_prepend(modules)
    monkeypatch.chdir(here)
    process, messages = channel.start("evaluator", {"MOREISH_TEST": "laid over"})
    yield process, messages
    process.kill()
    process.wait()
    messages.close()


def ask(messages: Channel, question: str):
    messages.send(question)
    return messages.receive()


def test_a_child_works_in_the_environment_and_with_the_modules_of_its_owner(child):
    _, messages = child
    assert ask(messages, "os.environ['MOREISH_TEST']") == "laid over"
    assert ask(messages, "os.environ['PATH']") == os.environ["PATH"]
    assert ask(messages, "sys.path") == sys.path
    assert ask(messages, "sys.stdin.read()") == "", "nobody but the channel reads what the owner sends"


def test_a_child_ends_with_its_work(child):
    process, messages = child
    messages.send("end")
    with pytest.raises(EOFError):
        messages.receive()
    assert process.wait() == 0


def test_what_a_child_cannot_do_is_its_last_message(child, capfd):
    process, messages = child
    assert ask(messages, "1 / 0") == Failure("ZeroDivisionError: division by zero")
    assert process.wait() == 0
    assert "Traceback" not in capfd.readouterr().err


def test_a_child_that_cannot_even_begin_says_so():
    process, messages = channel.start("moreish.there_is_no_such_module", {})
    assert messages.receive() == Failure("ModuleNotFoundError: No module named 'moreish.there_is_no_such_module'")
    process.wait()
    messages.close()


def test_a_child_ends_at_once_when_its_owner_is_gone_though_it_is_busy(child):
    process, messages = child
    messages.send("__import__('time').sleep(1000)")
    messages._outgoing.close()
    assert process.wait() == 0


@needs_groups
def test_requests_to_stop_that_reach_the_child_are_not_for_it(child):
    process, messages = child
    assert ask(messages, "os.getpgrp()") == process.pid != os.getpgrp()
    for request in (signal.SIGINT, signal.SIGTERM):
        process.send_signal(request)
    assert ask(messages, "6 * 7") == 42
