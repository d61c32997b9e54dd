"""LaTeX as it stands in the titles of references: accents, signs and braces as plain text, in one pass."""

import unicodedata

from moreish.data.possessive import re

ACCENTS = {
    '"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "d": "\u0323", "b": "\u0331", "k": "\u0328",
    "r": "\u030a", "t": "\u0361",
}  # fmt: skip
SIGNS = {
    "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å",
    "AA": "Å", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ", "ng": "ŋ",
    "NG": "Ŋ", "textendash": "–", "textemdash": "—", "ldots": "…", "dots": "…", "textellipsis": "…",
    "textquoteright": "’", "textquoteleft": "‘", "textquotedblleft": "“", "textquotedblright": "”",
    "textquotesingle": "'", "textquotedbl": '"', "quotedblbase": "„", "quotesinglbase": "‚", "glqq": "„",
    "grqq": "“", "guillemotleft": "«", "guillemotright": "»", "flqq": "«", "frqq": "»", "guillemetleft": "«",
    "guillemetright": "»", "textdegree": "°", "degree": "°", "textbackslash": "\\", "backslash": "\\",
    "textasciitilde": "~", "textasciicircum": "^", "textbar": "|", "textless": "<", "textgreater": ">",
    "textunderscore": "_", "textexclamdown": "¡", "textquestiondown": "¿", "S": "§", "P": "¶", "copyright": "©",
    "textcopyright": "©", "textregistered": "®", "texttrademark": "™", "pounds": "£", "textsterling": "£",
    "euro": "€", "texteuro": "€", "times": "×", "texttimes": "×", "pm": "±", "cdot": "·", "infty": "∞",
    "leq": "≤", "geq": "≥", "le": "≤", "ge": "≥", "neq": "≠", "approx": "≈", "sim": "∼", "in": "∈", "to": "→",
    "rightarrow": "→", "leftarrow": "←", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε",
    "varepsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ",
    "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ",
    "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "textmu": "µ",
    "TeX": "TeX", "LaTeX": "LaTeX", "ell": "ℓ", "hbar": "ℏ", "sqrt": "√", "textperiodcentered": "·",
}  # fmt: skip
PLAIN = {"~": " ", "---": "—", "--": "–", "``": "“", "''": "”"}
TOKEN = re.compile(
    r"\\(?P<accent>[\"'`^~=.]|[uvHcdbkrt](?:\s++|(?=\{)))\s*+"
    r"(?:\{\s*+(?:\\(?P<named>[A-Za-z]{1,2})(?![A-Za-z])|(?P<braced>[^\W\d_]))\s*+\}"
    r"|\\(?P<sign>[A-Za-z]{1,2})(?![A-Za-z])\s*+|(?P<bare>[^\W\d_]))"
    r"|\\(?P<word>[A-Za-z]++)\*?\s*+"
    r"|\\(?P<other>.)"
    r"|(?P<drop>\$\s*+[_^]?|[{}])"
    r"|(?P<plain>~|---?|``|'')",
    re.DOTALL,
)
NESTED = re.compile(r"\\[\"'`^~=.uvHcdbkrt]\s*+\{\s*+\\[\"'`^~=.uvHcdbkrt]")
MOST_ACCENTS = 3  # over one letter
BLANKS, NOTHING = " ,;:\\\n\t", "!/-"  # behind a backslash


def text_of(source: str) -> str:
    """What it says, on one line."""
    if any(sign in source for sign in "\\{}$~-`'"):
        for _ in range(MOST_ACCENTS - 1 if NESTED.search(source) else 0):
            source = TOKEN.sub(_with_inner_accents, source)
        source = unicodedata.normalize("NFC", TOKEN.sub(_said, source))
    return " ".join(source.split())


def _with_inner_accents(token: re.Match[str]) -> str:
    """An accent and its letter as one letter, which another accent may stand over; all else as it stands."""
    return unicodedata.normalize("NFC", _said(token)) if token["accent"] else token[0]


def _said(token: re.Match[str]) -> str:
    if mark := token["accent"]:
        named = token["named"] or token["sign"]
        base = named if named in ("i", "j") else SIGNS.get(named, named) if named else ""
        base = base or token["braced"] or token["bare"]
        return base[:1] + ACCENTS[mark.strip()] + base[1:]
    if word := token["word"]:
        return SIGNS.get(word, "")
    if other := token["other"]:
        return " " if other in BLANKS else "" if other in NOTHING else other
    return PLAIN.get(token["plain"] or "", "")
