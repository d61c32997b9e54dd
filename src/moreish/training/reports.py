"""What a doctor reported while networks were trained, read back from the events of a run."""

from collections.abc import Iterable, Sequence

import msgspec

from moreish.doctor.frames.history import History
from moreish.doctor.judge.fields import MOST_COUNT, MOST_NAME
from moreish.doctor.tell.report import Report
from moreish.runs import events

Said = events.Finding | events.Quantities | events.Doctor


def reports_of(run: Iterable[events.Event]) -> dict[str, Report]:
    """The doctor's report on each network that had one, by what the network is called."""
    return {title: _report(said) for title, said in _by_network(run).items()}


def histories_of(run: Iterable[events.Event]) -> dict[str, History]:
    """The quantities that were kept of each network, by what it is called."""
    return {title: _history(said) for title, said in _by_network(run).items()}


def network_title(name: str, component: int) -> str:
    """What a network of a run is called: its kind, and its place among the components."""
    return f"{name} ({component + 1})"


def _by_network(run: Iterable[events.Event]) -> dict[str, list[Said]]:
    """What the doctor said of each network, by its title, in the order of the components."""
    titles: dict[int, str] = {}
    said: dict[int, list[Said]] = {}
    for event in run:
        match event:
            case events.Network(component=component, name=name):
                titles[component] = network_title(name, component)
            case events.Finding() | events.Quantities() | events.Doctor():
                said.setdefault(event.component, []).append(event)
            case _:
                pass
    return {titles[component]: said[component] for component in sorted(said) if component in titles}


def _report(said: Sequence[Said]) -> Report:
    """As it was at the end; before that, what was found so far."""
    last = said[-1]
    if isinstance(last, events.Doctor):
        return Report.from_plain(msgspec.to_builtins(last))
    found = {event.finding.id: event.finding for event in said if isinstance(event, events.Finding)}
    steps = max((event.at + 1 for event in said if isinstance(event, events.Quantities)), default=0)
    notes = ["the training has not come to its end, so this is what was found so far."]
    plain = {"findings": [msgspec.to_builtins(fields) for fields in found.values()], "notes": notes, "steps": steps}
    return Report.from_plain(plain)


def _history(said: Sequence[Said]) -> History:
    """The quantities that were kept; what no run can have measured is passed over."""
    history = History()
    for event in said:
        if isinstance(event, events.Quantities) and event.at <= MOST_COUNT:
            values = {name: v for name, v in event.values.items() if v is not None and len(name) <= MOST_NAME}
            history.recall(event.at, values)
    return history
