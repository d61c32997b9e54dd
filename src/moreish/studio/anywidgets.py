"""The class itself, in a module of its own: it can only be declared where anywidget is installed."""

import anywidget
import traitlets

from moreish.runs.folder import Run
from moreish.studio.page import WIDGET
from moreish.studio.widget import Channel, Message


class RunWidget(anywidget.AnyWidget):
    """A run under a cell. `close()` ends following it.

    held : the snapshot, JSON: {"number", "summary", "records"}
    """

    _esm = WIDGET
    held = traitlets.Dict().tag(sync=True)

    def __init__(self, run: Run) -> None:
        self._channel = Channel(run, self._show, self.send)
        super().__init__(held=self._channel.snapshot())
        self.on_msg(lambda _, message, __: self._channel.hear(message))
        self._channel.start()

    def _show(self, snapshot: Message) -> None:
        self.held = snapshot

    def close(self) -> None:
        """Follow it no longer, and be shown no longer."""
        self._channel.close()
        super().close()
