"""docs/gallery.md: what moreish makes from twelve lists, unselected. `python -m tools.gallery` takes five minutes.

Each list is trained with the standard recipe; shown are the first items of seed 1, no second try, nothing left out.
"""

import tempfile
from pathlib import Path

import moreish

ROOT = Path(__file__).resolve().parent.parent
KEPT_OUT = ROOT / "benchmarks" / "background" / "kept_out"
LISTS = {
    "names": "given names (bundled)",
    "words": "English words (bundled)",
    "towns": "towns of Britain and Ireland (bundled)",
    "dinosaurs": "genera of dinosaurs (bundled)",
    "minerals": "minerals (bundled)",
    "hindi": "Hindi words (bundled)",
    "pokemon": "Pokémon",
    "cheeses": "cheeses",
    "medicines": "active ingredients of medicines",
    "stars": "stars",
    "whisky_distilleries": "whisky distilleries",
    "cocktails": "cocktails",
}
SHOWN = 12


def section(name: str, title: str) -> str:
    """One list: what it is, what was made, how good it is."""
    path = KEPT_OUT / f"{name}.txt"
    source = path if path.exists() else name
    with tempfile.TemporaryDirectory() as folder:
        run = moreish.train(source, out=Path(folder) / "run", seed=1)
        items = [item.text for item in run.more(SHOWN, seed=1)]
        known = [item for item in items if item in run.corpus]
        evaluation = run.evaluate()
    shown = ", ".join(item if item not in known else f"{item}*" for item in items)
    loss = f"loss {evaluation['loss']:.3f}"
    return f"## {title[0].upper()}{title[1:]}\n\n{len(run.corpus):,} items, {loss}.\n\n> {shown}\n"


def main() -> None:
    parts = [section(name, title) for name, title in LISTS.items()]
    head = (
        "# Gallery\n\n"
        "What moreish makes from twelve lists: the first twelve items of seed 1 of each, nothing selected, "
        "nothing left out, by\nthe standard recipe (`moreish FILE`). A star marks what stands in the list. Made by "
        "`python -m tools.gallery`.\n\n"
    )
    (ROOT / "docs" / "gallery.md").write_text(head + "\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
