"""What a server says, in the names of its requests' fields."""

import json

from moreish.inference.naming import renamed, unquoted
from moreish.serving.answers import MoreAnswer


def in_fields(sentence: str) -> str:
    """The sentence with fields for flags."""
    return renamed(sentence, _field)


def of_fields(answer: MoreAnswer) -> MoreAnswer:
    """The answer with sentences that name fields."""
    said = {name: getattr(answer, name) for name in ("rare", "worth", "verdict", "short")}
    named = {name: in_fields(text) if text else text for name, text in said.items()}
    return answer.model_copy(update={"hints": [*map(in_fields, answer.hints)], **named})


def _field(name: str, value: str | None, number: bool) -> str:
    if name == "repeats":
        return '"unique": false'
    if value is None:
        return f'"{name}"'
    return f'"{name}": {value if number else json.dumps(unquoted(value), ensure_ascii=False)}'
