"""A run in a notebook: what the kernel's side says, and the module that shows it, in a real browser."""

import json
import subprocess
import sys
import time

import pytest

import moreish
from moreish.runs import commands
from moreish.runs.folder import Run
from moreish.studio.page import WIDGET
from moreish.studio.widget import Channel, Follower, state_of
from tests.support.browser import chromium
from tests.support.lists import made_items

EVIL = "<img src=x onerror=window.evil=1>"
LONG = {
    "model": {"n_hidden": 16, "n_embd": 4},
    "train": {"steps": 1_000_000, "eval_every": 1000, "log_every": 200, "device": "cpu", "histograms": True},
}


class Training:
    """A run that is trained in a process of its own."""

    def __init__(self, folder):
        self.folder = folder
        items = folder.with_name("items.txt")
        items.write_text("\n".join([*made_items(200), EVIL]), encoding="utf-8")
        settings = [
            f"--set={section}.{name}={json.dumps(v)}" for section, of in LONG.items() for name, v in of.items()
        ]
        command = [sys.executable, "-m", "moreish", "train", str(items), "--model", "mlp", "--out", str(folder), "-q"]
        self.process = subprocess.Popen([*command, *settings], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        until(lambda: (folder / "manifest.json").exists() and steps_of(Follower(Run(folder)).records))

    def stop(self):
        commands.steer(self.folder, commands.Stop())
        _, said = self.process.communicate(timeout=200)
        assert self.process.returncode == 130, said


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    training = Training(tmp_path_factory.mktemp("watched") / EVIL.replace("/", ""))
    yield training
    training.stop()


def steps_of(records):
    return [record["step"] for record in records if record["event"] == "step"]


def until(true, seconds=200.0):
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)
    return found


@pytest.mark.slow
def test_a_snapshot_and_the_messages_after_it_are_all_that_a_run_has_said(training):
    snapshots, messages = [], []
    channel = Channel(Run(training.folder), snapshots.append, messages.append)
    first = channel.snapshot()
    until(channel.tell)
    told = [m for m in messages if m["kind"] == "records"]
    assert [m["number"] for m in told] == [1]
    steps = steps_of(told[0]["records"])
    assert not steps or steps[0] > steps_of(first["records"])[-1]
    channel.hear({"kind": "hello", "number": 1})
    assert snapshots == []
    channel.hear({"kind": "hello", "number": 0})
    assert snapshots[0]["number"] >= 1
    assert len(snapshots[0]["records"]) >= len(first["records"])
    channel.close()


@pytest.mark.slow
@pytest.mark.parametrize("message", [None, [], "stop", {"kind": "command"}, {"kind": "command", "command": {}}])
def test_what_is_no_message_is_passed_over(training, message):
    channel = Channel(Run(training.folder), lambda snapshot: None, lambda message: None)
    channel.hear(message)
    channel.hear({"kind": "command", "command": {"command": "break", "fault": "F04", "severity": 5}})
    assert not (training.folder / commands.COMMANDS).exists()


def test_without_anywidget_it_says_what_to_install(training, monkeypatch):
    monkeypatch.setattr("moreish.studio.widget.find_spec", lambda name: None)
    with pytest.raises(moreish.errors.Unmet, match=r"pip install .moreish\[notebook\]"):
        moreish.open_run(training.folder).watch()


PAGE = """<!doctype html><body style="background:oklch(0.98 0 0)"><div id="cell"></div><script>
  const listeners = {};
  const tell = (name, value) => (listeners[name] ?? []).forEach((listener) => listener(value));
  const on = (name, listener) => (listeners[name] ??= []).push(listener);
  async function show(source, state) {
    const model = { get: (name) => window.state[name], on, send: (content) => window.toKernel(content) };
    window.state = state;
    const module = (await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })))).default;
    module.initialize({ model });
    window.leave = module.render({ model, el: document.getElementById("cell") });
  }
  const hear = (data) => data.method === "custom" ? tell("msg:custom", data.content)
    : (Object.assign(window.state, data.state), Object.keys(data.state).forEach((name) => tell(`change:${name}`)));
</script></body>"""


@pytest.fixture
def shown(training, monkeypatch):
    """A widget whose messages go to a page and come from it, as a front end carries them; errors of the page."""
    pytest.importorskip("anywidget")
    if not WIDGET.exists():
        pytest.skip("the page is not built: `make studio` does")
    comm = pytest.importorskip("comm")
    sent, wrong = [], []

    class Comm(comm.base_comm.BaseComm):
        def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
            if msg_type == "comm_msg":
                sent.append(data)

    monkeypatch.setattr(comm, "create_comm", Comm)
    widget = moreish.open_run(training.folder).watch()
    state = json.loads(json.dumps({"held": widget.get_state()["held"]}))
    with chromium() as browser:
        page = browser.new_page()
        page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.expose_function(
            "toKernel",
            lambda content: widget.comm.handle_msg(
                {"content": {"data": {"method": "custom", "content": content}}, "buffers": []}
            ),
        )
        page.set_content(PAGE)
        page.evaluate("([source, state]) => show(source, state)", [WIDGET.read_text(encoding="utf-8"), state])

        def pump():
            for _ in range(len(sent)):  # on a busy machine more come meanwhile, without an end
                page.evaluate("hear", sent.pop(0))
            page.wait_for_timeout(50)
            return page.locator(".watch").inner_text()

        yield page, pump, wrong
        widget.close()


def commanded(training):
    """The commands that were given, in their order."""
    lines = (training.folder / commands.COMMANDS).read_bytes().splitlines()
    return [json.loads(line)["command"] for line in lines]


@pytest.mark.slow
def test_a_view_follows_a_run_pauses_it_and_shows_names_as_text(shown, training):
    page, pump, wrong = shown
    heading = page.locator("h2").first
    assert heading.inner_text() == training.folder.name

    def step():
        pump()
        return int(page.locator("dd").first.inner_text().replace(",", ""))

    before = step()
    until(lambda: step() > before)
    until(lambda: "better than" in pump() and page.locator("canvas").count() >= 2)  # losses, and the layers
    page.get_by_role("button", name="Pause").dblclick(delay=30)
    page.get_by_role("button", name="Go on").wait_for()  # at once, though the run has not answered yet
    until(lambda: "paused" in pump())
    page.locator(".row button").first.click()  # in the moment in which it turns: what it said before
    page.wait_for_timeout(900)
    assert commanded(training) == ["pause"]
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Pause").click(delay=600)
    until(lambda: "paused" in pump())
    assert commanded(training) == ["pause", "go", "pause"]
    before = step()
    page.get_by_role("button", name="One step").click()
    until(lambda: step() == before + 1)
    ink = "getComputedStyle(document.querySelector('#cell > div')).color"
    assert page.evaluate(ink) == "rgb(29, 28, 26)"
    page.evaluate("document.body.style.background = 'oklch(0.2 0 0)'")
    until(lambda: pump() and page.evaluate(ink) == "rgb(236, 235, 231)")
    page.get_by_role("button", name="Go on").click()
    until(lambda: step() > before + 1)
    page.get_by_role("button", name="Stop").click()
    until(lambda: "stopped" in pump())
    assert state_of(Run(training.folder))["state"] == "stopped"
    page.evaluate("leave()")
    assert page.locator(".watch").count() == 0
    assert page.evaluate("window.evil") is None
    assert not wrong
