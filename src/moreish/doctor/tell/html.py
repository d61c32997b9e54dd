"""The report as a page: one file that loads nothing and runs nothing, and as a fragment for a notebook's cell.

Whatever was read or named by others is text here: it is escaped, and stands in no name and no attribute.
"""

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from moreish.doctor.frames.history import History
from moreish.doctor.judge.finding import Finding
from moreish.doctor.tell.pictures import STANDARD, Asked, Key, Picture, draw
from moreish.doctor.tell.report import Report, also, place
from moreish.doctor.tell.style import cell_style, page_style
from moreish.doctor.tell.summary import seen, verdict
from moreish.doctor.tell.svg import Level, Mark
from moreish.doctor.tell.words import number, visible

MOST_IN_CELL = 6
MOST_ALSO = 12


@dataclass
class Drawn:
    """A picture on the page: the names of its place and, of several, of its network; the findings that it shows."""

    anchor: str
    network: str
    picture: Picture
    shows: list[int] = field(default_factory=list)


def page(report: Report, histories: Mapping[str, History]) -> str:
    """The whole page as text: the report, and the pictures of each network by what it is called."""
    drawn = _pictures(report.findings, histories)
    articles = "".join(_article(k, finding, drawn, report.findings) for k, finding in enumerate(report.findings))
    style = page_style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{_text(verdict(report))} - moreish doctor</title><style>{style}</style></head>"
        f'<body><main class="moreish-doctor">{_header(report, histories)}{articles}'
        f"{_others(drawn, report.findings)}{_footer()}</main></body></html>"
    )


def fragment(report: Report, histories: Mapping[str, History]) -> str:
    """The report as a piece of a page, for `_repr_html_`: the findings and the pictures that show them, in short."""
    drawn = _pictures(report.findings, histories, standard=("loss",))
    shown = "".join(brief(f) for f in report.findings[:MOST_IN_CELL])
    more = len(report.findings) - MOST_IN_CELL
    rest = f'<p class="small">and {more} more</p>' if more > 0 else ""
    notes = "".join(f'<p class="small">Not seen: {_prose(note)}</p>' for note in report.notes)
    figures = "".join(_figure(d, report.findings, linked=False) for d in drawn[:MOST_IN_CELL])
    pictures = f'<div class="pictures">{figures}</div>' if figures else ""
    head = f'<h3>{_text(verdict(report))}</h3><p class="small">{_text(report.headline())}</p>'
    return cell(f"{head}{shown}{rest}{pictures}{notes}")


def cell(content: str) -> str:
    """HTML as a notebook's cell shows it, in its light or dark."""
    return f'<style>{cell_style()}</style><div class="moreish-cell">{content}</div>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A plain table of texts."""
    top = "".join(f"<th>{_text(head)}</th>" for head in heads)
    body = "".join("<tr>" + "".join(f"<td>{_text(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _pictures(
    findings: list[Finding], histories: Mapping[str, History], standard: Iterable[str] = STANDARD
) -> list[Drawn]:
    """Every picture once, those that findings ask for first; each with the findings that it shows."""
    wanted: dict[tuple[str, str], list[int]] = {}
    for k, finding in enumerate(findings):
        if finding.picture:
            wanted.setdefault((_network(finding, histories), finding.picture), []).append(k)
    for network in histories:
        for name in standard:
            wanted.setdefault((network, name), [])
    drawn: list[Drawn] = []
    for (network, name), shows in wanted.items():
        history = histories.get(network)
        picture = None if history is None else draw(history, name, _asked(network, name, shows, findings, histories))
        if picture is not None:
            of = network if len(histories) > 1 else ""
            drawn.append(Drawn(f"picture-{len(drawn) + 1}", of, picture, shows))
    return drawn


def _asked(
    network: str, name: str, shows: list[int], findings: list[Finding], histories: Mapping[str, History]
) -> Asked:
    """What to bring out: the layers of the findings that it shows, and over steps every alarm at its step."""
    layers = {_own(layer, network) for k in shows for layer in (findings[k].layer, *findings[k].layers)}
    ours = [k for k, f in enumerate(findings) if _network(f, histories) == network and f.severity != "info"]
    marked = ours if name == "loss" else [k for k in shows if findings[k].step > 0]
    marks = [Mark(float(findings[k].step), findings[k].id[:8], findings[k].severity, _anchor(k)) for k in marked]
    floors = [findings[k].numbers.get("floor") for k in shows] if name == "loss" else []
    levels = [Level(v, f"cannot fall below {number(v)}") for v in floors if isinstance(v, float)]
    return Asked(layers - {""}, tuple(marks), tuple(levels))


def _network(finding: Finding, histories: Mapping[str, History]) -> str:
    """Which network a finding is about, where there are several."""
    return finding.network or next(iter(histories), "")


def _own(layer: str, network: str) -> str:
    return "" if layer == network else layer.removeprefix(f"{network}: ")


def _header(report: Report, histories: Mapping[str, History]) -> str:
    state = max((f.severity for f in report.findings), key=("info", "watch", "sick").index, default="info")
    word = {"sick": "sick", "watch": "to watch"}.get(state, "well" if report.steps else "not seen")
    chip = state if state != "info" or not report.steps else "good"
    facts = "".join(f"<dt>{_text(name)}</dt><dd>{_prose(said)}</dd>" for name, said in seen(report, histories))
    facts += "".join(
        f"<dt>{'' if k else 'Not seen'}</dt><dd>{_prose(note)}</dd>" for k, note in enumerate(report.notes)
    )
    listed = "".join(
        f'<li><span class="chip {f.severity}">{f.severity}</span> <a href="#{_anchor(k)}">{_text(f.heading)}</a> '
        f'<span class="small">{_prose(place(f))}</span></li>'
        for k, f in enumerate(report.findings)
    )
    several = f'<nav aria-label="Findings"><ul>{listed}</ul></nav>' if len(report.findings) > 1 else ""
    return (
        f'<header><span class="chip {chip}">{word}</span> <span class="small">moreish doctor</span>'
        f"<h1>{_text(verdict(report))}</h1>{several}<dl>{facts}</dl></header>"
    )


def _article(k: int, finding: Finding, drawn: list[Drawn], findings: list[Finding]) -> str:
    beside = next((d for d in drawn if d.shows and d.shows[0] == k), None)
    elsewhere = next((d for d in drawn if k in d.shows[1:]), None)
    link = f'<p class="proves">Picture: {_link(elsewhere.anchor, elsewhere.picture.title)}</p>' if elsewhere else ""
    figure = _figure(beside, findings) if beside is not None else ""
    why = "<br>".join(map(_prose, finding.why.split("\n")))
    return (
        f'<article id="{_anchor(k)}" class="{finding.severity}{"" if figure else " alone"}"><div>'
        f'<h3><span class="chip {finding.severity}">{finding.severity}</span> {_text(finding.heading)}</h3>'
        f'<p class="small">{_prose(_where(finding))}</p><p>{_prose(finding.sentence)}</p>'
        f'<p class="do"><strong>Do:</strong> {_prose(finding.remedy)}</p>'
        f'<p class="why">{why}</p>'
        f"{_more(finding)}{link}</div>{figure}</article>"
    )


def _where(finding: Finding) -> str:
    said = place(finding)
    sure = f"step {finding.step:,}, {finding.confidence:.0%} sure"
    return f"{said[:1].upper()}{said[1:]}, {sure}" if said else sure[:1].upper() + sure[1:]


def _more(finding: Finding) -> str:
    """Other layers, numbers, and what the finding explains."""
    others = also(finding)
    more = f" and {len(others) - MOST_ALSO} more" if len(others) > MOST_ALSO else ""
    parts = []
    if others:
        names = ", ".join(f"<code>{_text(layer)}</code>" for layer in others[:MOST_ALSO])
        parts.append(f'<p class="small">Also at {names}{more}</p>')
    if finding.numbers:
        numbers = ", ".join(f"{_text(str(k))} = {_text(number(v))}" for k, v in finding.numbers.items() if v != "")
        parts.append(f'<p class="small">{numbers}</p>')
    if finding.symptoms:
        each = "".join(f"<li><strong>{_text(s.title)}</strong> {_prose(s.sentence)}</li>" for s in finding.symptoms)
        parts.append(f'<p class="small">What comes with it:</p><ul class="symptoms">{each}</ul>')
    return "".join(parts)


def brief(finding: Finding) -> str:
    """One finding in a notebook's cell: what, where, and what to do."""
    with_it = ", ".join(_text(s.title) for s in finding.symptoms)
    return (
        f'<div class="one {finding.severity}"><p><span class="chip {finding.severity}">{finding.severity}</span> '
        f'<strong>{_text(finding.heading)}</strong> <span class="small">{_prose(_where(finding))}</span></p>'
        f"<p>{_prose(finding.sentence)}</p><p><strong>Do:</strong> {_prose(finding.remedy)}</p>"
        f"{f'<p class={chr(34)}small{chr(34)}>With it: {with_it}</p>' if with_it else ''}</div>"
    )


def _others(drawn: list[Drawn], findings: list[Finding]) -> str:
    """The pictures that stand beside no finding, by network."""
    parts = []
    for network in dict.fromkeys(d.network for d in drawn):
        figures = "".join(_figure(d, findings) for d in drawn if d.network == network and not d.shows)
        if figures:
            name = f"Inside {_text(network)}" if network else "Inside the net"
            parts.append(f'<section><h2>{name}</h2><div class="pictures">{figures}</div></section>')
    return "".join(parts)


def _figure(drawn: Drawn, findings: list[Finding], linked: bool = True) -> str:
    picture = drawn.picture
    about = " ".join(_link(_anchor(k), findings[k].title) for k in drawn.shows)
    proves = f'<p class="proves">Shows {about}</p>' if about and linked else ""
    where = f"{_text(drawn.network)}: " if drawn.network and drawn.shows else ""
    drawing = picture.svg if linked else re.sub(r'<a href="#[a-z0-9-]*">|</a>', "", picture.svg)
    anchor = f' id="{drawn.anchor}"' if linked else ""
    return (
        f"<figure{anchor}><figcaption><strong>{where}{_text(picture.title)}</strong><span>{_text(picture.says)}</span>"
        f"</figcaption>{drawing}{_legend(picture.legend, picture.by_depth)}{proves}</figure>"
    )


def _legend(keys: tuple[Key, ...], by_depth: bool) -> str:
    if not keys:
        return ""
    items = [f"<li>{_swatch(key.style)}{_text(key.name)}</li>" for key in keys]
    if by_depth and len(keys) > 2:
        items[0] = items[0].replace("</li>", " (first)</li>")
        items[-1] = items[-1].replace("</li>", " (last)</li>")
    return f'<ul class="legend">{"".join(items)}</ul>'


def _swatch(style: str) -> str:
    if style in ("ring", "dot main"):
        shape = f'<circle class="{style}" cx="11" cy="6" r="4.5"/>'
    elif style in ("bars", "outline"):
        shape = f'<rect class="{style}" x="2" y="1" width="18" height="10"/>'
    else:
        shape = f'<path class="line {style} hot" d="M1 6H21"/>'
    return f'<svg viewBox="0 0 22 12" aria-hidden="true">{shape}</svg>'


def _footer() -> str:
    return (
        '<footer class="small">sick: this run is broken or will be; watch: look at it; info: worth knowing, never an '
        "alarm. Numbers come from the steps that were looked at.</footer>"
    )


def _anchor(k: int) -> str:
    return f"finding-{k + 1}"


def _link(anchor: str, text: str) -> str:
    return f'<a href="#{anchor}">{_text(text)}</a>'


def _text(text: str) -> str:
    return html.escape(visible(text))


def _prose(text: str) -> str:
    """With `what stands in backticks` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _text(text))
