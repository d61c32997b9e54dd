"""The tables of Faker's providers, in some eighty languages: MIT."""

from collections.abc import Iterator
from importlib.metadata import version

from tools.background.lists import Collected, Source, lists_in
from tools.background.packages import folder_of, needed

LEFT_OUT = (
    "format",
    "user_agent",
    "platform",
    "encoding",
    "regex",
    "pattern",
    "tld",
    "phone",
    "prefix_length",
    "profile",
)


def lists() -> Iterator[Collected]:
    """Every table of texts that a provider's class itself holds, but for given names of English."""
    source = Source("faker", version("faker"), "MIT")
    base = folder_of("faker.providers")
    for path in sorted(base.glob("**/__init__.py")):
        parts = path.parent.relative_to(base).parts
        if not parts:
            continue
        provider = getattr(needed(".".join(("faker.providers", *parts))), "Provider", None)
        for key, table in vars(provider).items() if provider else ():
            if not key.startswith("__") and not any(word in key.lower() for word in LEFT_OUT):
                for keys, items in lists_in(table):
                    name = "/".join((*parts, key.strip("_"), *keys))
                    if not is_english_given(name):
                        yield source.collected(name, "_".join((key.strip("_"), *keys)), items)


def is_english_given(name: str) -> bool:
    """Whether a table's path says given names of English: what names.txt is made of."""
    lower = name.lower()
    english = "/en" in lower or "_en" in lower or lower.startswith("person/first")
    return "first_name" in lower and english
