"""A list that the background net listens to: the models made of it, and how well they foretell its own items.

numpy only. Three blends can answer: "counted" (the n-gram and the shape of the list), "read" (with the net that has
read the list) and "tuned" (with the net that was trained on by it as well).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from moreish import ngram
from moreish.background.blend import Blend, Ensemble
from moreish.background.cases import Case, case_of, joined
from moreish.background.choosing import NAMES, Choice, Measured, Name, measure
from moreish.background.gate import Parts
from moreish.background.lengths import places_in
from moreish.background.marks import Marks
from moreish.background.outline import Outline, Strictness
from moreish.background.parts import (
    FOLDS,
    Fold,
    Items,
    absent_from,
    best_order,
    folds_of,
    reader_of,
    readers_of,
    shape_of,
)
from moreish.background.reader import Cell, ListReader
from moreish.background.shape import ListShape, flat
from moreish.background.template import Template
from moreish.background.weights import Background, SymbolRows

MANY_SYMBOLS, FEW_FOLDS = 2500, 2  # of a list with more, two of the five folds are measured
FEWEST = 10  # items below which nothing is measured
LEAST_KNOWN = 0.5  # share of a list's symbols that the net must know to be of use
ORDER_UNMEASURED = 3


@dataclass
class Listening:
    """The items of one list (ids without boundaries) and a background net.

    symbols : of the list, that of id 1 first
    held_out : items that were set aside, to measure on instead of cross-validation
    """

    background: Background
    symbols: Sequence[str]
    items: Items
    orders: int = 4
    seed: int = 0
    letters: bool = True  # whether a symbol is a letter as the net knows it, and not a word
    held_out: Items = ()

    @cached_property
    def known(self) -> float:
        """Share of the list's symbols whose letters the net has seen; 0 for words."""
        counts = np.bincount(np.concatenate([np.zeros(0, np.int64), *self.items]), minlength=len(self.symbols) + 1)
        return self.background.knows(self.symbols, counts[1:].tolist()) if self.letters else 0.0

    @property
    def helps(self) -> bool:
        """Whether the net knows enough of the symbols."""
        return self.known >= LEAST_KNOWN

    @cached_property
    def rows(self) -> tuple[SymbolRows, ...]:
        """The vectors of the list's symbols, in each net."""
        return self.background.rows(self.symbols)

    @cached_property
    def cells(self) -> list[Cell]:
        """The nets with these symbols; of a kind, without those that only other kinds have."""
        absent = absent_from([*self.items, *self.held_out], len(self.symbols) + 1)
        pairs = zip(self.background.nets, self.rows, strict=True)
        return [Cell.of(net, rows).without(absent) for net, rows in pairs]

    @cached_property
    def folds(self) -> list[Fold]:
        """For cross-validation; none where there are too few items. With items held out they are the only one."""
        if self.held_out:
            return [Fold(list(self.items), list(self.held_out))]
        folds = folds_of(self.items, self.seed, FOLDS) if len(self.items) >= FEWEST else []
        return folds[:FEW_FOLDS] if sum(len(item) + 1 for item in self.items) > MANY_SYMBOLS else folds

    @cached_property
    def order(self) -> int:
        """The order of the n-gram."""
        return best_order(self.folds, len(self.symbols) + 1) if self.folds else ORDER_UNMEASURED

    @cached_property
    def counts(self) -> ngram.Backoff:
        """The n-gram of the whole list."""
        return self._counted(self.items)

    @cached_property
    def shape(self) -> ListShape:
        """The shape of the whole list."""
        return shape_of(self.symbols, self.items)

    @cached_property
    def template(self) -> Template | None:
        """What all do alike, each item counted once. Of a fold it is that of all: nothing of it hangs on one item."""
        different = {item.tobytes(): item for item in self.items}
        return Template.of(self.shape.classes.class_of, [*different.values()])

    @cached_property
    def marks(self) -> Marks | None:
        """What all items have of marks."""
        return Marks.of(self.symbols, self.items) if self.letters else None

    @cached_property
    def reader(self) -> ListReader:
        """The first net after it has read the whole list in all orders, to answer alone."""
        return reader_of(self.cells[0], self.items, self.orders, self.seed)

    @cached_property
    def first_reader(self) -> ListReader:
        """The first net after it has read the whole list, which is at hand before the others are."""
        return self._reading(self.cells[:1], self.items)[0]

    @cached_property
    def readers(self) -> list[ListReader]:
        """The nets that have read the whole list."""
        others = list(enumerate(self.cells))[1:]
        return [self.first_reader, *(self._read_by(k, cell, self.items) for k, cell in others)]

    @cached_property
    def fold_readers(self) -> list[list[ListReader]]:
        """Of each fold, the nets that have read what it keeps."""
        each, kept = self._orders_each, [fold.kept for fold in self.folds]
        nets = [readers_of(cell, kept, each, self.seed, each * k) for k, cell in enumerate(self.cells)]
        return [list(readers) for readers in zip(*nets, strict=True)]

    def parts(self, name: Name, tuned: int = 0) -> Parts:
        """What the blend of this name is made of, where so many nets were trained on."""
        return Parts(len(self.background.nets) * (name != "counted"), tuned * (name == "tuned"))

    def ensemble(self, name: Name, tuned: Sequence[Cell] = ()) -> Ensemble:
        """The models of the blend of this name; nets that were trained on read the list again."""
        models: list[ngram.Backoff | ListReader] = [self.counts]
        if name != "counted":
            models += self.readers
        if name == "tuned":
            models += self._reading(tuned, self.items)
        return Ensemble(models, self.shape)

    def blend(self, choice: Choice, tuned: Sequence[Cell] = ()) -> Blend:
        """The blend that was chosen."""
        gate = self.background.gates[self.parts(choice.name, len(tuned))]
        outline = Outline.of(self.shape.classes.class_of, self.items, choice.strictness.shares)
        ensemble = self.ensemble(choice.name, tuned)
        kept = (
            choice.temperature,
            outline,
            max(choice.strictness),
            choice.timing,
            self.template,
            choice.firm,
            self.marks,
        )
        return Blend(ensemble, gate, *kept)

    def first_blend(self) -> Blend:
        """What answers first: the n-gram, and one net that has read the list where it helps."""
        parts = Parts(int(self.helps))
        models = [self.counts, self.first_reader] if self.helps else [self.counts]
        ensemble, outline = Ensemble(models, self.shape), Outline.of(self.shape.classes.class_of, self.items)
        return Blend(
            ensemble, self.background.gates[parts], outline=outline, template=self.template, marks=self.marks
        )

    def case(self, number: int, tuned: Sequence[Cell] = ()) -> Case:
        """What the items held out of this fold look like to models that are made from the others.

        tuned : nets that were trained on by the others
        """
        fold = self.folds[number]
        models: list[ngram.Backoff | ListReader] = [self._counted(fold.kept)]
        if self.helps:
            models += self.fold_readers[number]
        models += self._reading(tuned, fold.kept)
        shape = shape_of(self.symbols, fold.kept)
        order, runs = (
            Outline.of(self.shape.classes.class_of, fold.kept, only).strays_in(fold.held_out)
            for only in (Strictness(order=1.0), Strictness(runs=1.0))
        )
        assert shape.lengths is not None
        assert shape.endings is not None
        case = case_of(Ensemble(models, shape), fold.held_out)
        unlike, remaining, template = None, None, self.template
        if template is not None:
            place = np.concatenate([np.arange(len(item) + 1) for item in fold.held_out])
            matched = template.matched_in(fold.held_out)
            unlike = template.strays(place, matched)
            remaining = template.remaining(matched)
        places = places_in(fold.held_out, shape.lengths, shape.endings, remaining)
        return replace(case, strays=order, stretches=runs, unlike=unlike, places=places)

    def read_cases(self) -> list[Case]:
        """Those of all folds, before anything is trained."""
        return [self.case(number) for number in range(len(self.folds))]

    def measured(self, cases: Sequence[Case]) -> dict[Name, Measured]:
        """How well each blend that these cases allow foretells them."""
        if not cases:
            return {}
        together = joined(cases)
        tuned = together.models - 1 - len(self.background.nets)
        names = NAMES[: 1 + (tuned >= 0) + (tuned > 0)]
        blends: dict[Name, Parts] = {name: self.parts(name, tuned) for name in names}
        return {n: measure(together.first(p.models), self.background.gates[p]) for n, p in blends.items()}

    @property
    def _orders_each(self) -> int:
        """How many orders each net reads."""
        return max(1, self.orders // len(self.background.nets))

    def _reading(self, cells: Sequence[Cell], items: Items) -> list[ListReader]:
        """These nets after each has read the items, in orders of its own."""
        return [self._read_by(k, cell, items) for k, cell in enumerate(cells)]

    def _read_by(self, k: int, cell: Cell, items: Items) -> ListReader:
        """The k-th net after it has read the items."""
        each = self._orders_each
        return reader_of(cell, items, each, self.seed, each * k)

    def _counted(self, items: Items) -> ngram.Backoff:
        return ngram.KneserNey.fit(*flat(items), len(self.symbols) + 1, self.order)
