"""A list's vocabulary as the `tokenizer.json` of Hugging Face, with the ids that the network was trained with.

WordLevel over symbols that a regular expression cuts. The unknown token is none of the vocabulary's, so that a symbol
which the list never has raises instead of becoming a boundary in silence; only words that train held too rarely have
`<unk>`. The boundary opens every text, as the network reads it.
"""

import re

from moreish.data.symbols import WORDS_AND_MARKS
from moreish.data.vocab import UNKNOWN, Vocab


def tokenizer_json(vocab: Vocab, boundary: str) -> dict[str, object]:
    """The tokenizer of these symbols; `boundary` is the name of id 0."""
    named = {boundary: 0} | {symbol: i for i, symbol in enumerate(vocab.symbols, 1)}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": 0,
                "content": boundary,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
        ],
        "normalizer": _normalizer(vocab),
        "pre_tokenizer": _pre_tokenizer(vocab),
        "post_processor": _post_processor(boundary),
        "decoder": _decoder(vocab),
        "model": {"type": "WordLevel", "vocab": named, "unk_token": UNKNOWN},
    }


def tokenizer_config(boundary: str, longest: int) -> dict[str, object]:
    """`tokenizer_config.json`: a class that every release of transformers knows."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_input_names": [
            "input_ids",
            "attention_mask",
        ],  # transformers 4 adds token types
        "bos_token": boundary,
        "eos_token": boundary,
        "pad_token": boundary,
        "model_max_length": longest,
        "clean_up_tokenization_spaces": False,
    }


def _normalizer(vocab: Vocab) -> dict[str, object] | None:
    form = [] if vocab.normalise == "none" else [{"type": vocab.normalise}]
    steps = [*form, {"type": "Lowercase"}, *form] if vocab.lower else form
    return {"type": "Sequence", "normalizers": steps} if steps else None


def _pre_tokenizer(vocab: Vocab) -> dict[str, object]:
    """Cut a text into symbols; with `invert`, what the expression matches is kept and the rest goes."""
    if vocab.unit == "word" and not vocab.running:
        return {"type": "WhitespaceSplit"}
    pattern = WORDS_AND_MARKS if vocab.unit == "word" else _letters(vocab)
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Removed", "invert": True}


def _letters(vocab: Vocab) -> str:
    """Any code point, and before that the list's own letters of several: other libraries cut `\\X` elsewhere."""
    several = sorted((symbol for symbol in vocab.symbols if len(symbol) > 1), key=len, reverse=True)
    return "|".join([*map(re.escape, several), r"[\s\S]"])


def _post_processor(boundary: str) -> dict[str, object]:
    opening = {"SpecialToken": {"id": boundary, "type_id": 0}}
    first, second = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}
    return {
        "type": "TemplateProcessing",
        "single": [opening, first],
        "pair": [opening, first, second],
        "special_tokens": {boundary: {"id": boundary, "ids": [0], "tokens": [boundary]}},
    }


def _decoder(vocab: Vocab) -> dict[str, object]:
    """Symbols side by side; words with a space between them, and none at the end of a line."""
    if vocab.unit != "word":
        return {"type": "Fuse"}
    spaced: list[dict[str, object]] = [{"type": "WordPiece", "prefix": " ", "cleanup": False}, {"type": "Fuse"}]
    if vocab.running:
        spaced += [{"type": "Replace", "pattern": {"String": before}, "content": "\n"} for before in (" \n", "\n ")]
    return {"type": "Sequence", "decoders": spaced}
