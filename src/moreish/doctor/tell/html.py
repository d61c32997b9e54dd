"""The report as a page: findings and pictures in one file, which loads nothing from anywhere."""

import html
from collections.abc import Mapping

from moreish.doctor.frames.history import History
from moreish.doctor.frames.quantities import USUAL_RATIO
from moreish.doctor.judge.finding import Finding
from moreish.doctor.tell import svg
from moreish.doctor.tell.report import Report

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#222}
article{border-left:5px solid #999;padding:.2rem 1rem;margin:1rem 0;background:#f7f7f7}
.sick{border-color:#c62828}.watch{border-color:#ef9f00}.info{border-color:#4a78b0}
h2{font-size:1.05rem;margin:.4rem 0}.do{font-weight:600}small,figcaption{color:#555;font-size:.8rem}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(26rem,1fr));gap:1rem}
figure{margin:0}svg{width:100%;background:#fff;border:1px solid #ddd}
svg text{font:11px system-ui,sans-serif;fill:#444}svg .title{font-size:13px;font-weight:600}
.frame{fill:none;stroke:#bbb}.guide{stroke:#222;stroke-dasharray:5 4}
"""
MOST_LINES = 9


def page(report: Report, histories: Mapping[str, History]) -> str:
    """The whole page as text: the report, and the pictures of each network by what it is called."""
    findings = "".join(_article(f) for f in report.findings)
    notes = "".join(f"<p><small>{html.escape(n)}</small></p>" for n in report.notes)
    drawn = "".join(
        f'<h2>Inside {html.escape(name or "the net")}</h2><div class="pictures">{"".join(pictures(history))}</div>'
        for name, history in histories.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>moreish doctor</title>'
        f"<style>{STYLE}</style></head><body><h1>Doctor's report</h1><p>{html.escape(report.headline())}</p>"
        f"{findings}{notes}{drawn}</body></html>"
    )


def pictures(history: History) -> list[str]:
    """Loss, update ratios with the 10^-3 line, activations and gradients by layer, stuck units, weights."""
    drawn = [svg.lines("loss", {"loss": [(float(s), v) for s, v in history.losses()]})]
    ratios = {w: history.curve(f"{w}/update_ratio") for w in history.updated()[:MOST_LINES]}
    drawn.append(svg.lines("update ratio, log10 std(dw)/std(w)", ratios, guide=USUAL_RATIO, guide_name="10^-3"))
    for frame, when in [(f, "first") for f in history.pictures[:1]] + [(f, "latest") for f in history.pictures[-1:]]:
        for kind in ("activation", "gradient"):
            acts = [c.layer for c in history.calls() if c.kind == "activation"] or [c.layer for c in history.calls()]
            layers = list(dict.fromkeys(acts))[:MOST_LINES]
            some = {n: frame.histograms[f"{n}/{kind}"] for n in layers if f"{n}/{kind}" in frame.histograms}
            drawn.append(svg.densities(f"{kind} by layer, {when} frame (step {frame.step})", some))
    if history.pictures:
        last = history.pictures[-1]
        for layer, rows in last.stuck.items():
            drawn.append(svg.unit_map(f"stuck units (across) by example (down): {layer}", rows))
        for w in history.weights()[:4]:
            over_time = [
                (f.step, f.histograms[f"{w}/weight"]) for f in history.pictures if f"{w}/weight" in f.histograms
            ]
            drawn.append(svg.ridge(f"{w} over time", over_time))
    return [d for d in drawn if d]


def _article(finding: Finding) -> str:
    e = html.escape
    where = f" at <code>{e(finding.layer)}</code>" if finding.layer else ""
    also = f"<p><small>also at {e(', '.join(finding.layers[1:9]))}</small></p>" if len(finding.layers) > 1 else ""
    numbers = ", ".join(
        f"{e(str(k))} = {e(f'{v:.4g}' if isinstance(v, float) else str(v))}" for k, v in finding.numbers.items()
    )
    symptoms = "".join(f"<li>{e(s.title)}: {e(s.sentence)}</li>" for s in finding.symptoms)
    return (
        f'<article class="{finding.severity}"><h2>{finding.severity}: {e(finding.heading)}{where}</h2>'
        f"<p>{e(finding.sentence)}</p><p>{e(finding.why).replace(chr(10), '<br>')}</p>"
        f'<p class="do">{e(finding.remedy)}</p>{also}<p><small>step {finding.step}, {finding.confidence:.0%} sure'
        f"{': ' + numbers if numbers else ''}</small></p>{f'<ul>{symptoms}</ul>' if symptoms else ''}</article>"
    )
