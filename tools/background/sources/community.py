"""Smaller Python packages with tables of things, all MIT: providers for Faker that others wrote, and wonderwords."""

from collections.abc import Iterator
from importlib.metadata import version

from tools.background.lists import Collected, Source, lists_in
from tools.background.packages import folder_of, needed

PROVIDERS = (
    "faker_food",
    "faker_airtravel",
    "faker_education",
    "faker_commerce",
    "faker_microservice",
    "faker_music",
)
FIELDS_LEFT_OUT = ("iata", "icao", "dish_descriptions", "address", "zip", "phone", "district")


def lists() -> Iterator[Collected]:
    """Every list in a module's own tables, and wonderwords' files."""
    for package in PROVIDERS:
        source = Source(package, version(package), "MIT")
        folder = folder_of(package)
        for path in sorted(folder.glob("*.py")):
            name = package if path.stem == "__init__" else f"{package}.{path.stem}"
            for key, table in tables(needed(name)):
                for keys, items in lists_in(table):
                    if not set(FIELDS_LEFT_OUT) & {key, *keys}:
                        yield source.collected("/".join((path.stem.strip("_"), key, *keys)), (key, *keys)[-1], items)
    source = Source("wonderwords", version("wonderwords"), "MIT")
    for path in sorted((folder_of("wonderwords") / "assets").glob("*.txt")):
        if path.stem != "profanitylist":
            yield source.collected(path.stem, path.stem, path.read_text(encoding="utf-8").splitlines())


def tables(module: object) -> list[tuple[str, object]]:
    """A module's tables, those of the providers in it too."""
    found = list(vars(module).items())
    for made in [value for value in vars(module).values() if isinstance(value, type)]:
        found += vars(made).items()
    return [
        (key, value) for key, value in found if not key.startswith("__") and isinstance(value, list | tuple | dict)
    ]
