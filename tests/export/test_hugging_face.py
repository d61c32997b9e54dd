"""The folder for Hugging Face opens in a stock transformers, cuts texts as we do and says what we say."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moreish.data import DataOptions, from_items
from moreish.errors import Unmet
from moreish.export import export
from moreish.export.tokenizer import tokenizer_json
from moreish.inference import Sampling, sample
from moreish.inference.network import Network
from tests.export.subjects import subject
from tests.support.lists import made_items

transformers = pytest.importorskip("transformers", reason="not installed here: pip install transformers")
pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # transformers' own
    pytest.mark.usefixtures("said_in_a_terminal"),
]


def opened(folder):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    return model, transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)


@pytest.mark.parametrize("tie", [False, True])
def test_a_transformer_is_a_stock_gpt2_with_the_same_logits_and_the_same_greedy_item(corpus, tmp_path, tie):
    exported = subject(corpus, "transformer", block_size=12, tie=tie)
    export(exported, "hf", tmp_path / "out")
    model, tokenizer = opened(tmp_path / "out")
    assert type(model) is transformers.GPT2LMHeadModel
    idx = torch.randint(len(corpus.vocab), (5, 12), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert (model(idx).logits - exported.module(idx)).abs().max() < 1e-5
    ours = sample(Network(exported.module), 1, np.random.default_rng(0), Sampling(temperature=0.0, max_length=11))
    theirs = model.generate(**tokenizer("", return_tensors="pt"), do_sample=False)
    item = tokenizer.decode(theirs[0], skip_special_tokens=True)
    assert item == corpus.vocab.decode(ours.ids)
    assert len(item) > 1


def test_in_double_precision_the_logits_are_the_same_to_the_last_digits(corpus, tmp_path):
    exported = subject(corpus, "transformer")
    exported.module.double()
    export(exported, "hf", tmp_path / "out")
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float64)
    idx = torch.randint(len(corpus.vocab), (5, 16))
    with torch.no_grad():
        assert (model(idx).logits - exported.module(idx)).abs().max() < 1e-12


def test_an_unknown_symbol_raises_instead_of_becoming_a_boundary(corpus, tmp_path):
    export(subject(corpus, "transformer"), "hf", tmp_path / "out")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "out")
    assert set(tokenizer("kalo")) == {"input_ids", "attention_mask"}, "GPT-2 embeds token types where it gets any"
    assert tokenizer("kalo")["input_ids"] == [0, *corpus.vocab.encode("kalo").tolist()]
    with pytest.raises(Exception, match="UNK"):
        tokenizer("kaZ")


TEXTS = {
    "letters": (["karl", "änna", "ben\u0301e", "Zoë-Lou", "o'neil"], {}),
    "lower": (["Karl", "ÄNNA", "Zoë"], {"lower": True}),
    "graphemes": (["e\u0323\u0301a", "नमस्ते", "👩‍🚀b", "ক্ষ"], {"unit": "grapheme", "normalise": "none"}),
    "words": (["the king speaks", "a queen, too", "king <unk> it"], {"unit": "word"}),
    "text": (["It is, he said: don't!\nThe end.\n\nÄrgerlich 12x…"], {"unit": "word", "text": True}),
    "rare": (["a b a b c"] * 3 + ["a d", "b a e"], {"unit": "word", "min_count": 3}),
}


@pytest.mark.parametrize("what", TEXTS)
def test_texts_are_cut_and_joined_as_the_vocabulary_does_it(what):
    tokenizers = pytest.importorskip("tokenizers")
    import json

    texts, options = TEXTS[what]
    corpus = from_items(texts, DataOptions(val_share=0.0, test_share=0.0, **options))
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(tokenizer_json(corpus.vocab, "<|endoftext|>")))
    for text in texts:
        ids = corpus.vocab.encode(text).tolist()
        assert tokenizer.encode(text).ids == [0, *ids]
        assert tokenizer.decode(ids) == corpus.vocab.decode(ids)


@given(st.text(st.sampled_from("kalomirentshvu"), max_size=30))
def test_any_text_of_known_symbols_comes_back(text):
    tokenizers = pytest.importorskip("tokenizers")
    import json

    corpus = from_items(made_items(300))
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(tokenizer_json(corpus.vocab, "<|endoftext|>")))
    assert tokenizer.decode(tokenizer.encode(text).ids) == corpus.vocab.normal(text)


def test_what_no_other_program_has_is_refused_in_a_sentence(corpus, tmp_path):
    with pytest.raises(Unmet, match="run is a gru, and transformers has no such model of its own: --to onnx"):
        export(subject(corpus, "gru"), "hf", tmp_path / "out")
    with pytest.raises(Unmet, match="2 kinds apart"):
        export(subject(corpus, "transformer", kinds=2), "hf", tmp_path / "out")
    assert not (tmp_path / "out").exists()
