"""vCards and iCalendars: a record for each contact, or for each event, with its properties by their names."""

from moreish.data.content_lines import Component, components, parts_of, text_of

CARD, EVENT, TASKS = "VCARD", "VEVENT", ("VTODO", "VJOURNAL")
NAME, SUMMARY = "FN", "SUMMARY"  # what is an item
IN_PARTS = ("N", "ORG", "ADR")
ORDER = (3, 1, 2, 0, 4)  # in which the parts of N are said: prefix, given, additional, family, suffix
INSTEAD = ("ORG", "NICKNAME", "EMAIL", "TEL")  # of a name, where there is none
NO_TEXTS = ("PHOTO", "LOGO", "SOUND", "KEY", "VERSION", "ATTACH")

Record = tuple[int, dict[str, str]]
"""The line where it ends, and its fields."""


def contacts(text: str) -> list[Record]:
    """The contacts of a vCard file. Raises NotRead for a line that cannot be read."""
    return [(card.line, _contact(card)) for card in components(text) if card.kind == CARD]


def events(text: str) -> list[Record]:
    """The events of a calendar; where it has none, its tasks. Raises NotRead for a line that cannot be read."""
    found = [each for each in components(text) if each.kind in (EVENT, *TASKS)]
    wanted = (EVENT,) if any(each.kind == EVENT for each in found) else TASKS
    return [(each.line, _fields(each, SUMMARY)) for each in found if each.kind in wanted]


def _contact(card: Component) -> dict[str, str]:
    fields = _fields(card, NAME)
    if not fields[NAME]:
        said = next((each.value for each in card.properties if each.name == "N"), "")
        parts = [*parts_of(said), *[""] * len(ORDER)]
        name = " ".join(parts[place] for place in ORDER if parts[place])
        fields[NAME] = name or next((fields[each] for each in INSTEAD if fields.get(each)), "")
    return fields


def _fields(component: Component, item: str) -> dict[str, str]:
    """The first of each property that is a text."""
    fields = {item: ""}
    for each in component.properties:
        if each.binary or each.name in NO_TEXTS or fields.get(each.name):
            continue
        in_parts = component.kind == CARD and each.name in IN_PARTS
        fields[each.name] = ", ".join(filter(None, parts_of(each.value))) if in_parts else text_of(each.value)
    return fields
