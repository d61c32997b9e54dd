"""Which packages of the npm registry are read, and which of their files."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Package:
    """A package at one version, and where its lists are.

    files : patterns of paths within it: JSON, scripts with arrays of quoted texts, or texts with an item a line
    kind : what its things are; by default the key they stand under, or the file's name
    fields : of the lists found, only those under these keys; all of them where none is named
    depth : lists that share this many first keys are one list
    """

    name: str
    version: str
    files: tuple[str, ...]
    kind: str = ""
    fields: tuple[str, ...] = ()
    depth: int = 9


CHANCE = (
    "ocean", "desert", "grassland", "forest", "farm", "zoo", "profession", "company", "county", "emotions", "months",
    "name_suffixes", "street_suffixes", "unicode", "noteDurations", "filetypes",
)  # fmt: skip

PACKAGES: tuple[Package, ...] = (
    Package("bip39", "3.1.2", ("src/wordlists/*.json",), kind="words"),
    Package("cat-names", "4.0.0", ("cat-names.json",)),
    Package("categorized-words", "1.0.0", ("2of12id.json",), kind="words"),
    Package("chance", "1.1.13", ("chance.js",), fields=CHANCE),
    Package("china-division", "2.7.0", ("dist/pca.json", "dist/HK-MO-TW.json"), kind="districts", depth=1),
    Package("color-name-lists", "3.33.2", ("lib/colors/*.json",), kind="colours", fields=("name",)),
    Package("corporate-ipsum", "1.0.1", ("words.js",)),
    Package("cryptocurrencies", "8.0.1", ("cryptocurrencies.json",), kind="cryptocurrencies"),
    Package("dog-names", "3.0.1", ("*-dog-names.json",)),
    Package("friendly-words", "1.3.1", ("words/*.txt",)),
    Package("github-reserved-names", "2.2.0", ("reserved-names.json",), kind="reserved names"),
    Package("globals", "17.14.0", ("globals.json",), kind="identifiers"),
    Package("html-tag-names", "2.1.0", ("index.js",), kind="tags"),
    Package("idioms", "0.0.2", ("idioms.txt",)),
    Package("known-css-properties", "0.37.0", ("data/all.json",), kind="properties"),
    Package("list-of-us-cities", "1.0.1", ("index.js",), kind="cities"),
    Package("mathml-tag-names", "4.0.0", ("index.js",), kind="tags"),
    Package("middleearth-names", "1.1.0", ("src/middleearth-names.json",)),
    Package("namor", "3.0.3", ("dict/*/*.txt",)),
    Package("nigerian-states-and-lgas", "1.0.8", ("lib/states.js",), kind="districts", fields=("lgas",)),
    Package("philippines", "1.0.0", ("cities.json", "provinces.json"), kind="cities", fields=("name",)),
    Package("pokemon", "3.3.1", ("data/*.json",)),
    Package("project-name-generator", "2.1.9", ("src/adjectives.js", "src/nouns.js")),
    Package("random-fruits-name", "1.10.3", ("langs/*.json",), kind="fruits"),
    Package("reserved-usernames", "1.1.6", ("data.json",), kind="reserved names"),
    Package("sillyname", "0.1.0", ("index.js",)),
    Package("simple-icons", "16.37.0", ("data/simple-icons.json",), kind="brands", fields=("title", "slug")),
    Package("spdx-license-list", "6.12.0", ("spdx.json",), kind="licences", fields=("name",)),
    Package("standard-headers", "0.1.1", ("standard-headers.js",), kind="headers"),
    Package("starwars-names", "1.6.0", ("dist/starwars-names.json",)),
    Package("superheroes", "4.0.0", ("superheroes.json",)),
    Package("supervillains", "4.0.0", ("supervillains.json",)),
    Package("svg-tag-names", "3.0.1", ("index.js",), kind="tags"),
)
