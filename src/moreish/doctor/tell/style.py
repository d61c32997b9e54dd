"""The style sheet of a page and of a notebook's cell: light and dark, narrow and printed."""

LIGHT = """
--ink:#1b1f24;--soft:#57606a;--paper:#fff;--card:#f6f8fa;--rule:#d0d7de;--grid:#e8ebef;--link:#0550ae;
--sick:#b3261e;--watch:#8a5200;--info:#0a5cad;--good:#1a6b34;--healthy:#1a7f3720;--ill:#b3261e26;
--main:#0550ae;--second:#b3461e;--third:#6b3fa0;
--d0:#4b1f7e;--d1:#2d3b96;--d2:#015685;--d3:#056778;--d4:#01776d;--d5:#048850;--d6:#5a7d08;--d7:#8f7c07;--d8:#bb7700;
"""
DARK = """
--ink:#e6edf3;--soft:#a3adb8;--paper:#0f1419;--card:#171d24;--rule:#353d47;--grid:#232a33;--link:#7cb7ff;
--sick:#ff8f85;--watch:#f2b84b;--info:#7cb7ff;--good:#6fd08c;--healthy:#3fb95026;--ill:#ff8f8533;
--main:#7cb7ff;--second:#ffa657;--third:#d2a8ff;
--d0:#8f68cb;--d1:#7382e6;--d2:#449df0;--d3:#03b5e4;--d4:#0cc9d1;--d5:#09dcb8;--d6:#7ce695;--d7:#c1e975;--d8:#fce765;
"""
# Everything below stands under one class, so that it touches nothing else on the page of a notebook.
RULES = """
.@{color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
.@ *{box-sizing:border-box}
.@ h1,.@ h2,.@ h3,.@ p,.@ ul,.@ dl,.@ dd,.@ figure{margin:0;padding:0;color:inherit}
.@ a{color:var(--link)}
.@ code{font:.88em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--grid);color:inherit;
border-radius:4px;padding:.1em .3em}
.@ .small{color:var(--soft);font-size:.86em}
.@ .chip{display:inline-block;font-size:.72rem;line-height:1.5;
font-weight:700;letter-spacing:.05em;text-transform:uppercase;
border:1.5px solid;border-radius:999px;padding:.1em .65em;vertical-align:.12em;white-space:nowrap}
.@ .chip.sick,.@ text.sick{color:var(--sick);fill:var(--sick)}
.@ .chip.watch,.@ text.watch{color:var(--watch);fill:var(--watch)}
.@ .chip.info,.@ text.info{color:var(--info);fill:var(--info)}
.@ .chip.good{color:var(--good)}
.@ svg{display:block;width:100%;height:auto;max-width:600px}
.@ svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--soft)}
.@ svg text.mid{text-anchor:middle}.@ svg text.end{text-anchor:end}
.@ svg text.hot,.@ svg text.name{font-weight:700}.@ svg text.hot{fill:var(--ink)}
.@ svg text.good{fill:var(--good)}.@ svg text.zero,.@ svg text.lost{fill:var(--sick);font-weight:700}
.@ svg text.halo{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
.@ .d0{--at:var(--d0)}.@ .d1{--at:var(--d1)}.@ .d2{--at:var(--d2)}.@ .d3{--at:var(--d3)}.@ .d4{--at:var(--d4)}
.@ .d5{--at:var(--d5)}.@ .d6{--at:var(--d6)}.@ .d7{--at:var(--d7)}.@ .d8{--at:var(--d8)}
.@ .main{--at:var(--main)}.@ .second{--at:var(--second)}.@ .third{--at:var(--third)}
.@ .line{fill:none;stroke:var(--at);stroke-width:1.6;stroke-linejoin:round}.@ .line.hot{stroke-width:3.4}
.@ svg .dot{fill:var(--at)}.@ svg .ring{fill:var(--card);stroke:var(--main);stroke-width:2}
.@ .axis,.@ .frame{fill:none;stroke:var(--rule)}.@ .grid{fill:none;stroke:var(--grid)}
.@ .track{stroke:var(--grid);stroke-width:2}.@ .way{stroke:var(--main);stroke-width:2;stroke-opacity:.45}
.@ .way.hot{stroke-width:4}
.@ .level{fill:none;stroke:var(--soft);stroke-dasharray:5 4}
.@ .mark{fill:none;stroke:currentColor;stroke-dasharray:2 3}
.@ .mark.sick{color:var(--sick)}.@ .mark.watch{color:var(--watch)}.@ .mark.info{color:var(--info)}
.@ svg .lost{fill:none;stroke:var(--sick);stroke-width:1.5}.@ svg text.lost{stroke:none;fill:var(--sick)}
.@ svg .healthy{fill:var(--healthy)}.@ svg .ill{fill:var(--ill)}
.@ svg .bars{fill:var(--main);fill-opacity:.55}.@ svg .outline{fill:none;stroke:var(--soft);stroke-width:1.5}
.@ svg .cells{fill:var(--main);fill-opacity:.75}
.@ figcaption strong{font-size:.95em}.@ figcaption span{display:block;color:var(--soft);font-size:.84em}
.@ figure svg{margin-top:.35rem}
.@ .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem .9rem;color:var(--soft);font-size:.8em;
margin-top:.2rem}
.@ .legend li{display:flex;align-items:center;gap:.4em}
.@ .legend svg{width:22px;height:12px;flex:none;margin:0}
.@ .proves{font-size:.84em;margin-top:.3rem}
"""
PAGE = """
:root{color-scheme:light dark}
body{margin:0;background:var(--paper)}
.moreish-doctor{max-width:76rem;margin:0 auto;padding:1.6rem 1.2rem 3rem}
.moreish-doctor header{border-bottom:1px solid var(--rule);padding-bottom:1.1rem;margin-bottom:1.2rem}
.moreish-doctor h1{font-size:1.65rem;line-height:1.25;margin:.1rem 0 .5rem;text-wrap:balance}
.moreish-doctor h2{font-size:1.15rem;margin:2rem 0 .7rem}
.moreish-doctor h3{font-size:1.08rem;line-height:1.35;margin:.45rem 0 .1rem}
.moreish-doctor dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin-top:.8rem;
font-size:.93em}
.moreish-doctor dt{color:var(--soft)}
.moreish-doctor dd{grid-column:2}
.moreish-doctor nav ul{list-style:none;margin:.2rem 0}
.moreish-doctor nav li{padding:.15rem 0}
.moreish-doctor article{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:.4rem 2rem;
background:var(--card);border:1px solid var(--rule);border-left:5px solid;border-radius:8px;padding:1rem 1.2rem;
margin:1rem 0}
.moreish-doctor article.sick{border-left-color:var(--sick)}
.moreish-doctor article.watch{border-left-color:var(--watch)}
.moreish-doctor article.info{border-left-color:var(--info)}
.moreish-doctor article.alone{grid-template-columns:minmax(0,44rem)}
.moreish-doctor article p{margin:.5rem 0}
.moreish-doctor .do{border-left:3px solid var(--good);padding-left:.7rem}
.moreish-doctor .why{color:var(--soft);font-size:.93em}
.moreish-doctor .symptoms{margin:.3rem 0 .3rem 1.1rem;font-size:.93em}
.moreish-doctor .symptoms li{margin:.2rem 0}
.moreish-doctor .pictures{columns:2 22rem;column-gap:1rem}
.moreish-doctor .pictures figure{break-inside:avoid;margin-bottom:1rem;background:var(--card);
border:1px solid var(--rule);border-radius:8px;padding:1rem}
.moreish-doctor :target{outline:2px solid var(--link);outline-offset:3px}
.moreish-doctor footer{margin-top:2rem;border-top:1px solid var(--rule);padding-top:.8rem}
@media (max-width:52rem){
.moreish-doctor{padding:1rem .9rem 2rem;font-size:16px}
.moreish-doctor h1{font-size:1.35rem}
.moreish-doctor article{grid-template-columns:minmax(0,1fr);padding:.8rem .9rem}
.moreish-doctor .pictures figure{padding:.8rem .9rem}
.moreish-doctor dl{grid-template-columns:1fr;gap:0}
.moreish-doctor dd{grid-column:1}
.moreish-doctor dd{margin-bottom:.4rem}
.moreish-doctor figure svg{max-width:30rem}
}
@media (max-width:30rem){
.moreish-doctor figure svg text{font-size:14px}
}
@media print{
.moreish-doctor{max-width:none;padding:0;font-size:10.5pt}
.moreish-doctor article,.moreish-doctor figure{break-inside:avoid}
.moreish-doctor h2,.moreish-doctor h3{break-after:avoid}
.moreish-doctor *{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
"""
CELL = """
.moreish-cell{max-width:60rem;padding:.2rem .1rem}
.moreish-cell h3{font-size:1.05em;margin:.1rem 0 .3rem;font-weight:600}
.moreish-cell .one{border-left:4px solid;padding:.1rem .8rem;margin:.6rem 0}
.moreish-cell .one.sick{border-left-color:var(--sick)}
.moreish-cell .one.watch{border-left-color:var(--watch)}
.moreish-cell .one.info{border-left-color:var(--info)}
.moreish-cell .one p{margin:.2rem 0}
.moreish-cell .pictures{display:flex;flex-wrap:wrap;gap:1.2rem}
.moreish-cell figure{flex:1 1 18rem;max-width:27rem}
.moreish-cell{--card:transparent}
.moreish-cell svg text.halo{stroke:none}
.moreish-cell .wide{overflow-x:auto}
.moreish-cell table{border-collapse:collapse;font-size:.92em;color:inherit;background:transparent}
.moreish-cell th,.moreish-cell td{text-align:left;padding:.2rem 1rem .2rem 0;border:0;
border-bottom:1px solid var(--rule);background:transparent;font-variant-numeric:tabular-nums}
.moreish-cell th{color:var(--soft);font-weight:500}
"""


def page_style() -> str:
    """Of the page: dark where the reader's system is, always light on paper."""
    scheme = f":root{{{LIGHT}}}@media screen and (prefers-color-scheme:dark){{:root{{{DARK}}}}}"
    return _packed(scheme + RULES.replace(".@", ".moreish-doctor") + PAGE)


def cell_style() -> str:
    """Of a notebook's cell: as the notebook says that it is, and not as the system is."""
    dark = (
        '[data-jp-theme-light="false"] .moreish-cell,.vscode-dark .moreish-cell,'
        '[data-vscode-theme-kind="vscode-dark"] .moreish-cell,html[theme="dark"] .moreish-cell,'
        "body.dark .moreish-cell"
    )
    scheme = f".moreish-cell{{{LIGHT}}}{dark}{{{DARK}}}"
    return _packed(scheme + RULES.replace(".@", ".moreish-cell") + CELL)


def _packed(css: str) -> str:
    return css.replace("\n", "")
