"""The pictures of a run: which quantities are drawn, and how each is drawn, by the name that a finding gives it.

"loss", "grad_norm"        a number of the step, over steps
"update_ratio"             a number of every layer, over steps
"net.3/saturated"          a number of one layer, over steps
"saturated by layer"       a number of every layer, at the start and at the end
"net.3/activation"         how the values of one layer are spread; likewise gradient and weight
"net.3/map"                which units are stuck on which examples
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from moreish.doctor.frames.frame import Histogram
from moreish.doctor.frames.history import History
from moreish.doctor.frames.operations import BOUNDED
from moreish.doctor.frames.quantities import HEALTHY_SATURATED, QUANTITIES, USUAL_RATIO
from moreish.doctor.frames.saturation import SATURATED_SIGMOID, SATURATED_TANH
from moreish.doctor.tell import svg
from moreish.doctor.tell.captions import band_in_words, course, extremes, left_out, levels_in_words, rounded
from moreish.doctor.tell.words import layer_label, plural, tick

# Drawn where there is something to draw, in this order, whatever was found.
STANDARD = (
    "loss",
    "update_ratio",
    "gradient by layer",
    "std by layer",
    "saturated by layer",
    "dead by layer",
    "learning_rate",
    "grad_norm",
)
SHADES = 9  # colours from the first layer to the last
LEAST_RATIO = -20.0  # log10 of an update over a weight
LEAST_SHARE = 0.01  # of saturated outputs or dead units, that is worth a picture
MOST_CURVES, MOST_ROWS = 12, 24
WIDE = 30.0  # from the least to the most: beyond it an axis is logarithmic
HISTOGRAMS = ("activation", "gradient", "weight")
EVALUATED = ("val", "train, evaluated")


@dataclass(frozen=True)
class Key:
    """An entry of a legend: the class of its colour, and what has it."""

    style: str
    name: str


@dataclass(frozen=True)
class Picture:
    """A drawn quantity: what it is called, one sentence on what there is to see, and what its colours mean.

    `by_depth`: the colours go from the first layer to the last, which are those of the legend.
    """

    name: str
    title: str
    says: str
    svg: str
    legend: tuple[Key, ...] = ()
    by_depth: bool = False


@dataclass(frozen=True)
class Asked:
    """What a picture is drawn for: layers to bring out, findings to mark at their steps, values that they name."""

    layers: Collection[str] = ()
    marks: Sequence[svg.Mark] = ()
    levels: Sequence[svg.Level] = ()

    def about(self, owner: str) -> bool:
        """Whether this layer, or the layer of this parameter, is brought out."""
        return owner in self.layers or owner.rpartition(".")[0] in self.layers


NOTHING = Asked()


def draw(history: History, name: str, asked: Asked = NOTHING) -> Picture | None:
    """The picture of this name; None where there is nothing to draw."""
    owner, _, quantity = name.rpartition("/")
    if name == "loss":
        return _loss(history, asked)
    if name == "learning_rate":
        return _learning_rate(history, asked)
    if name.endswith(" by layer"):
        return _by_layer(history, name.removesuffix(" by layer"), asked)
    if owner and quantity == "map":
        return _map(history, owner) or _one(history, f"{owner}/dead_in_batch", asked)
    if owner and quantity in HISTOGRAMS:
        return _histogram(history, owner, quantity) or _one(history, f"{owner}/saturated", asked)
    if owner or any(name in frame.values for frame in history.frames):
        return _one(history, name, asked)
    return _every(history, name, asked)


def _loss(history: History, asked: Asked) -> Picture | None:
    points = [(float(s), v) for s, v in history.losses()] or [(float(s), v) for s, v in history.nll()]
    told = {
        EVALUATED[0]: [(float(v.step), v.val) for v in history.validations]
        or [(float(step), mean) for step, mean, _, _ in history.evaluations],
        EVALUATED[1]: [(float(v.step), v.train) for v in history.validations if v.train is not None],
    }
    drawn = [svg.Curve("loss of a batch", points, "main")] if points else []
    drawn += [svg.Curve(n, p, style) for (n, p), style in zip(told.items(), ("second", "third"), strict=True) if p]
    if not any(math.isfinite(v) for curve in drawn for _, v in curve.points):
        return None
    levels = [*_baselines(history), *asked.levels]
    log = _is_wide([v for curve in drawn for _, v in curve.points])
    says = f"{course(points or drawn[0].points)}{levels_in_words(levels)}"
    picture = svg.curves("Loss over steps", says, drawn, levels=levels, marks=asked.marks, log=log)
    legend = tuple(Key(c.style, c.name) for c in drawn) if len(drawn) > 1 else ()
    return Picture("loss", "Loss", says, picture, legend)


def _baselines(history: History) -> list[svg.Level]:
    """What a model loses that knows nothing, and one that knows how often each class occurs."""
    first = history.first
    classes = next((loss.classes for loss in first.losses if loss.classes > 1), 0) if first is not None else 0
    levels = [svg.Level(math.log(classes), f"guessing: ln {classes} = {math.log(classes):.2f}")] if classes else []
    entropy = history.counts.unigram_entropy()
    if classes and entropy is not None and entropy < math.log(classes) * 0.98:
        levels.append(svg.Level(entropy, f"knowing how often each occurs: {entropy:.2f}"))
    return levels


def _learning_rate(history: History, asked: Asked) -> Picture | None:
    """Drawn where it changes."""
    rates = [(float(f.step), f.learning_rates) for f in history.frames if f.learning_rates]
    count = max((len(each) for _, each in rates), default=0)
    series = [[(s, each[k]) for s, each in rates if k < len(each)] for k in range(min(count, MOST_CURVES))]
    if not any(len({v for _, v in points}) > 1 for points in series):
        return None
    names = ["learning rate"] if count == 1 else [f"optimizer {k + 1}" for k in range(count)]
    drawn = [
        svg.Curve(n, p, f"d{_shade(k, len(series))}") for k, (n, p) in enumerate(zip(names, series, strict=False))
    ]
    says = course(series[0])
    log = all(v > 0 for points in series for _, v in points) and _is_wide([v for p in series for _, v in p])
    picture = svg.curves("Learning rate over steps", says, drawn, log=log, marks=asked.marks)
    legend = tuple(Key(c.style, c.name) for c in drawn) if len(drawn) > 1 else ()
    return Picture("learning_rate", "Learning rate", says, picture, legend)


def _one(history: History, name: str, asked: Asked) -> Picture | None:
    """One number over steps."""
    owner, _, quantity = name.rpartition("/")
    points = history.curve(name)
    if not any(math.isfinite(v) for _, v in points):
        return None
    if name == "grad_norm" and not asked.marks and len({f"{v:.3g}" for _, v in points}) == 1:
        return None  # cut to one length at every step
    title, band, points = _of_quantity(quantity, points)
    title = f"{title} of {_label(history, owner)}" if owner else title
    says = course(points) + band_in_words(band)
    log = quantity != "saturated" and (quantity in ("grad_norm", "update_ratio") or _is_wide([v for _, v in points]))
    log = log and any(v > 0 for _, v in points)
    drawn = [svg.Curve(title, points, "main")]
    return Picture(name, title, says, svg.curves(title, says, drawn, band=band, marks=asked.marks, log=log))


def _every(history: History, quantity: str, asked: Asked) -> Picture | None:
    """One number of every layer over steps, in colours by depth."""
    owners = _owners(history, quantity)
    chosen = _some(owners, MOST_CURVES, asked)
    if not chosen:
        return None
    title, band, drawn = quantity, None, []
    for owner in chosen:
        title, band, points = _of_quantity(quantity, history.curve(f"{owner}/{quantity}"))
        if not any(math.isfinite(v) for _, v in points):
            continue
        style = f"d{_shade(owners.index(owner), len(owners))}"
        drawn.append(svg.Curve(_label(history, owner), points, style, asked.about(owner)))
    if not drawn:
        return None
    ratio = quantity == "update_ratio"
    levels = [svg.Level(10**USUAL_RATIO, "")] if ratio else []
    last = {curve.name: curve.points[-1][1] for curve in drawn if curve.points}
    says = extremes(last) + band_in_words(band) + (" 1/1000 is usual." if ratio else "") + left_out(owners, chosen)
    log = ratio or _is_wide([v for curve in drawn for _, v in curve.points])
    title = f"{title}, by layer"
    picture = svg.curves(title, says, drawn, levels=levels, band=band, marks=asked.marks, log=log)
    return Picture(quantity, title, says, picture, tuple(Key(c.style, c.name) for c in drawn), by_depth=True)


def _by_layer(history: History, quantity: str, asked: Asked) -> Picture | None:
    """One number of every layer, at the start and at the end."""
    if quantity == "nonfinite":
        return _not_finite(history, asked)
    key = {"gradient": "grad_rms"}.get(quantity, quantity)
    weights = _weights(history)
    owners = [o for o in _owners(history, key) if (o in weights) == (quantity == "gradient")]
    if quantity == "std":
        bent = [call.layer for call in history.calls() if call.kind == "activation"]
        owners = [o for o in owners if o in bent] if len(set(bent)) > 1 else owners
    rows = []
    for owner in _some(owners, MOST_ROWS, asked):
        values = _where_finite(history, owner, key)
        end = values[-1] if len(values) > 1 else None
        rows.append(svg.Row(_label(history, owner), values[0], end, asked.about(owner)))
    share = quantity in ("saturated", "dead", "dead_in_batch")
    shown = [v for row in rows for v in (row.start, row.end) if v is not None and math.isfinite(v)]
    if len(rows) < (1 if share else 2) or max(shown, default=0.0) <= (LEAST_SHARE if share else 0.0):
        return None
    titles = {
        "gradient": "Size of the gradient",
        "std": "Spread of the activations",
        "saturated": "Saturated outputs",
    }
    title = f"{titles.get(quantity) or _of_quantity(quantity, [])[0]}, by layer"
    band = svg.Band(None, HEALTHY_SATURATED) if quantity == "saturated" else None
    says = extremes({row.name: row.end if row.end is not None else row.start or 0.0 for row in rows}, share)
    says += left_out(owners, rows)
    picture = svg.dots(title, says, rows, log=not share, band=band, share=share)
    both = any(row.end is not None for row in rows)
    legend = (Key("ring", "first seen"), Key("dot main", "last seen")) if both else ()
    return Picture(f"{quantity} by layer", title, says, picture, legend)


def _where_finite(history: History, owner: str, key: str) -> list[float]:
    """A number over the frames; NaN where some elements were not finite, for moments are those of the others."""
    lost = f"{owner}/grad_nonfinite" if key.startswith("grad_") else f"{owner}/nonfinite"
    frames = [f.values for f in history.frames if f"{owner}/{key}" in f.values]
    return [math.nan if values.get(lost, 0.0) > 0 else values[f"{owner}/{key}"] for values in frames]


def _not_finite(history: History, asked: Asked) -> Picture | None:
    """How much of each layer's output, and of the gradient there, was lost in the first step with NaN or infinity."""
    if history.broken is None:
        return None
    values = history.broken[1].values
    rows = []
    layers = [owner for owner in _owners(history, "nonfinite") if owner not in _weights(history)]
    for owner in _some(layers, MOST_ROWS, asked):
        forward, back = (values.get(f"{owner}/{kind}nonfinite") for kind in ("", "grad_"))
        rows.append(svg.Row(_label(history, owner), forward, back, asked.about(owner)))
    if not any(v for row in rows for v in (row.start, row.end)):
        return None
    step = history.broken[1].step
    title = "NaN and infinity, by layer"
    says = f"Share of the values at step {step:,}, the first that was not finite where it was looked at."
    picture = svg.dots(title, says, rows, log=False, share=True)
    return Picture("nonfinite by layer", title, says, picture, (Key("ring", "values"), Key("dot main", "gradient")))


def _histogram(history: History, owner: str, kind: str) -> Picture | None:
    key = f"{owner}/{kind}"
    seen = [(f.step, f.histograms[key]) for f in history.pictures if sum(f.histograms.get(key, _NONE).counts)]
    if not seen:
        return None
    (first, before), (last, now) = seen[0], seen[-1]
    word = {"activation": "Outputs", "gradient": "Gradient", "weight": "Weights"}[kind]
    title = f"{word} of {_label(history, owner)}"
    op = next((call.op for call in history.calls() if call.layer == owner), "")
    ends = _saturated_ends(op) if kind == "activation" else []
    says = f"From {tick(rounded(now.edges[0]))} to {tick(rounded(now.edges[-1]))} at step {last:,}"
    lost = now.nan + now.infinite + now.minus_infinite
    says += f"; {plural(lost, 'value')} not finite." if lost else "."
    says += " What is shaded is saturated." if ends else ""
    before = None if last == first else before
    legend = (Key("bars", f"step {last:,}"), Key("outline", f"step {first:,}")) if before is not None else ()
    return Picture(key, title, says, svg.histogram(title, says, now, before, ends), legend)


_NONE = Histogram([0.0, 1.0], [0])


def _saturated_ends(op: str) -> list[svg.Band]:
    if op not in BOUNDED:
        return []
    if op.startswith("tanh"):
        return [svg.Band(None, -SATURATED_TANH), svg.Band(SATURATED_TANH, None)]
    return [svg.Band(None, (1 - SATURATED_SIGMOID) / 2), svg.Band((1 + SATURATED_SIGMOID) / 2, None)]


def _map(history: History, layer: str) -> Picture | None:
    """Where units are stuck; nothing where none is."""
    frames = [f for f in history.pictures if any(map(any, f.stuck.get(layer, [])))]
    if not frames:
        return None
    rows = frames[-1].stuck[layer]
    dead = sum(all(row[k] for row in rows) for k in range(len(rows[0])))
    title = f"Stuck units of {_label(history, layer)}"
    says = f"{dead} of {plural(len(rows[0]), 'unit')} stuck on each of {plural(len(rows), 'example')}: full columns."
    return Picture(f"{layer}/map", title, says, svg.unit_map(title, says, rows))


def _keys(history: History) -> list[str]:
    """The keys of the first frames and of the last."""
    frames = history.frames if len(history.frames) <= 8 else [*history.frames[:4], *history.frames[-4:]]
    return [key for frame in frames for key in frame.values]


def _weights(history: History) -> set[str]:
    """The parameters whose updates were measured."""
    return {key.removesuffix("/update_ratio") for key in _keys(history) if key.endswith("/update_ratio")}


def _owners(history: History, quantity: str) -> list[str]:
    """Whatever has this quantity, from the first layer to the last."""
    order: dict[str, None] = dict.fromkeys(["input", *(call.layer for call in history.calls())])
    backward, keys = "/grad_", _keys(history)  # gradients come in the order of the way back
    for key in sorted(keys, key=lambda k: backward in k):
        order.setdefault(key.rpartition("/")[0])
    have = {key.rpartition("/")[0] for key in keys if key.endswith(f"/{quantity}")}
    return [owner for owner in order if owner in have]


def _some(owners: Sequence[str], most: int, asked: Asked) -> list[str]:
    """At most so many, evenly from the first to the last, and those that a finding is about in any case."""
    if len(owners) <= most:
        return list(owners)
    wanted = [o for o in owners if asked.about(o)][: most // 2]
    count = most - len(wanted)
    even = {owners[round(k * (len(owners) - 1) / (count - 1))] for k in range(count)}
    return [o for o in owners if o in even or o in wanted]


def _label(history: History, owner: str) -> str:
    """A layer, or the layer of a weight, by name and type."""
    if owner == "input" and owner not in history.described:
        return "what comes in"
    if owner in history.described:
        return layer_label(owner, history.described[owner])
    parent, _, last = owner.rpartition(".")
    if parent in history.described and owner in _weights(history):
        return layer_label(parent if last == "weight" else owner, history.described[parent])
    return owner


def _of_quantity(
    quantity: str, points: Sequence[tuple[float, float]]
) -> tuple[str, svg.Band | None, list[tuple[float, float]]]:
    """What a quantity is called, where it is healthy, and its values as they are drawn: ratios as ratios."""
    known = QUANTITIES.get(quantity)
    low, high = known.healthy if known is not None else (None, None)
    band = svg.Band(low, high) if (low, high) != (None, None) and low != high else None
    titles = {
        "update_ratio": "Updates, relative to the weights",
        "grad_norm": "Norm of the gradient",
        "saturated": "Saturated outputs",
        "dead": "Dead units",
        "dead_in_batch": "Units stuck in a batch",
        "std": "Spread",
        "travel": "Way from the first weights",
    }
    title = titles.get(quantity) or (known.says[:1].upper() + known.says[1:] if known is not None else quantity)
    if quantity != "update_ratio":
        return title, band, list(points)
    ratio = None if low is None or high is None else svg.Band(10**low, 10**high)
    return title, ratio, [(s, _power(v)) for s, v in points]


def _power(exponent: float) -> float:
    """What a logarithm says; a change too small for any number to hold is none."""
    if not math.isfinite(exponent):
        return exponent
    return 10 ** min(exponent, 30.0) if exponent > LEAST_RATIO else 0.0


def _shade(k: int, count: int) -> int:
    """The colour of the k-th of so many layers."""
    return round(k * (SHADES - 1) / (count - 1)) if count > 1 else SHADES // 2


def _is_wide(values: Iterable[float]) -> bool:
    """Whether a linear axis would hide most of them: all positive, and far apart."""
    finite = [v for v in values if math.isfinite(v)]
    return bool(finite) and min(finite) > 0 and max(finite) > WIDE * min(finite)
