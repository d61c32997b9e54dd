"""Work for requests, where the event loop's tasks are cut off."""

import asyncio
import threading

import pytest

from moreish.serving.work import Limits, Stopped, Workers


async def _waits_for_ever():
    await asyncio.Event().wait()


async def _cut_off(closing):
    """What a request sees that is cancelled in the middle of work which never looks at its clock."""
    workers, begun, over = Workers(Limits(threads=1)), threading.Event(), threading.Event()

    def deaf(_):
        begun.set()
        over.wait()

    asking = asyncio.create_task(workers.run(deaf, _waits_for_ever))
    await asyncio.to_thread(begun.wait)
    if closing:
        workers.stop()
    asking.cancel()
    try:
        await asking
    finally:
        over.set()


def test_a_request_cut_off_by_a_closing_server_is_told_that_it_closes():
    with pytest.raises(Stopped, match="the server is closing"):
        asyncio.run(_cut_off(closing=True))


def test_a_request_cut_off_for_another_reason_stays_cut_off():
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(_cut_off(closing=False))
