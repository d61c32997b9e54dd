"""ONNX graphs do what torch does, whatever is asked of them."""

import json
import os

import numpy as np
import pytest
import torch

from moreish.data import from_items
from moreish.errors import Unmet
from moreish.export import export
from moreish.export import onnx as onnx_export
from moreish.inference.network import Network
from moreish.models import MODELS
from tests.export.subjects import subject

FORMS = {
    "bigram": "sequence", "bow": "sequence", "transformer": "sequence", "mlp": "window", "wavenet": "window",
    "rnn": "step", "gru": "step", "gru-cho": "step", "lstm": "step", "wavenet-gated": "step",
    "wavenet-sliding": "step",
}  # fmt: skip


FAMILIES = list(MODELS) if "MOREISH_LONG" in os.environ else ["mlp", "rnn", "transformer"]  # all: make exports


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_a_graph_of_every_family_scores_items_as_the_network_does(corpus, family, tmp_path):
    import onnxruntime

    exported = subject(corpus, family)
    done = export(exported, "onnx", tmp_path / "out")
    assert done.difference is not None
    assert done.difference < 1e-5
    said = json.loads((tmp_path / "out" / "moreish.json").read_text("utf-8"))
    assert said["reads"] == FORMS[family]
    session = onnxruntime.InferenceSession(tmp_path / "out" / "model.onnx")
    ids = np.array([0, *corpus.vocab.encode("kalomiren"), 0], np.int64)
    found = read_as_the_page_says(session, said, ids[:-1])
    scores = Network(exported.module).score(ids.astype(corpus.vocab.dtype), np.array([0, len(ids) - 1]))
    logprobs = torch.from_numpy(found).log_softmax(-1).numpy()
    np.testing.assert_allclose(logprobs[np.arange(len(ids) - 1), ids[1:]], scores[1:], atol=2e-5)


def read_as_the_page_says(session, said, ids):
    """Logits (T, V) after each id, as docs/export.md tells programs to get them."""
    if said["reads"] == "sequence":
        return session.run(["logits"], {"idx": ids[None]})[0][0]
    if said["reads"] == "window":
        padded = np.concatenate([np.zeros(said["block_size"] - 1, np.int64), ids])
        windows = np.lib.stride_tricks.sliding_window_view(padded, said["block_size"])
        return session.run(["logits"], {"idx": windows.copy()})[0]
    state = np.full((1, *said["state"]["shape"]), said["state"]["start"], said["state"]["dtype"])
    rows = []
    for i in ids:
        logits, state = session.run(["logits", "next_state"], {"idx": np.array([i]), "state": state})
        rows.append(logits[0])
    return np.stack(rows)


@pytest.mark.slow
def test_networks_that_tell_kinds_apart_are_exported_with_them(corpus):
    contents = onnx_export.onnx(subject(corpus, "wavenet-sliding", kinds=3))
    said = json.loads(contents.files["moreish.json"])
    assert contents.difference < 1e-5
    assert said["kinds"] == ["0", "1", "2"]
    assert said["state"]["add_for_each_kind"] == len(corpus.vocab)


@pytest.mark.slow
def test_a_graph_that_does_something_else_is_not_written(corpus, tmp_path, monkeypatch):
    other = onnx_export.graph_of(onnx_export.form_of(subject(corpus, "bigram").module))
    monkeypatch.setattr(onnx_export, "graph_of", lambda form: other)
    wrong = subject(corpus, "bigram")
    with torch.no_grad():
        wrong.module.logits.weight[3, 3] += 1e-3
    with pytest.raises(Unmet, match=r"gives logits that are 0\.001 off: it is not written"):
        export(wrong, "onnx", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_words_of_a_list_come_along(tmp_path):
    corpus = from_items(["the king", "the queen", "a king"] * 3)
    export(subject(corpus, "bigram"), "safetensors", tmp_path / "out")
    said = json.loads((tmp_path / "out" / "moreish.json").read_text("utf-8"))
    assert said["vocab"] == corpus.vocab.to_json()
    assert said["vocab_size"] == len(corpus.vocab)
