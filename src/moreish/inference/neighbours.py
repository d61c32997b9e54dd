"""Neighbours: the symbols that a network treats most alike, by the angle between their vectors."""

import numpy as np
from jaxtyping import Float

from moreish.data.vocab import Vocab
from moreish.models.contract import LanguageModel
from moreish.models.kinds import one_kind_of


def embedding_of(model: LanguageModel) -> Float[np.ndarray, "V C"]:
    """The symbols' vectors of a network. Raises ValueError for a model that has none."""
    from moreish.inference.network import Network

    model = one_kind_of(model)
    module = model.module if isinstance(model, Network) else None
    wte = getattr(module, "wte", None)
    if module is None or wte is None:
        raise ValueError("only a network has embeddings: this model counts or reads, or has a row of logits a symbol")
    return wte.weight.detach().float().cpu().numpy()[: module.vocab_size]


def neighbours(vectors: Float[np.ndarray, "V C"], of: int, count: int = 8) -> list[tuple[int, float]]:
    """The ids whose vectors point most in the direction of `of`'s, with the cosine of the angle, nearest first."""
    length = np.linalg.norm(vectors, axis=1)
    cosine = vectors @ vectors[of] / np.maximum(length * length[of], np.finfo(vectors.dtype).tiny)
    nearest = [i for i in np.argsort(-cosine, kind="stable").tolist() if i not in (0, of)]  # 0 is no symbol
    return [(i, float(cosine[i])) for i in nearest[:count]]


def nearest_words(model: LanguageModel, vocab: Vocab, word: str, count: int = 8) -> list[tuple[str, float]]:
    """The symbols that the network treats most like `word`, with the cosine; a rare word is looked up as `<unk>`.

    Raises ValueError for what is not one symbol of the vocabulary.
    """
    ids = vocab.encode(word, "the word")
    if len(ids) != 1:
        raise ValueError(f'"{word}" is {len(ids)} symbols of this list, not one')
    return [(vocab.symbols[i - 1], cosine) for i, cosine in neighbours(embedding_of(model), int(ids[0]), count)]
