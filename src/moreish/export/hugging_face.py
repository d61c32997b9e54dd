"""The Transformer as a folder that a stock `transformers` opens: GPT2LMHeadModel and its tokenizer, no code of ours.

Our blocks are GPT-2's. GPT-2 keeps the matrices of its blocks as (in, out) (`Conv1D`), torch's Linear as (out, in):
those four are transposed. Every file is written by hand, because what transformers 5 writes is not what 4 reads.
"""

import json
from typing import Any

import numpy as np
from safetensors.numpy import save

from moreish.errors import Unmet
from moreish.export.exported import Contents, Subject
from moreish.export.tokenizer import tokenizer_config, tokenizer_json
from moreish.models.transformer import CausalSelfAttention, Transformer
from moreish.wording import called

BLOCK = {
    "ln_1": "ln_1",
    "attn.qkv": "attn.c_attn",
    "attn.proj": "attn.c_proj",
    "ln_2": "ln_2",
    "fc": "mlp.c_fc",
    "proj": "mlp.c_proj",
}
"""Our name in a block -> GPT-2's."""


def hugging_face(subject: Subject) -> Contents:
    """The files of the folder. Raises Unmet for a network that is none of transformers' own."""
    module = subject.module
    if not isinstance(module, Transformer):
        raise Unmet(
            f"{subject.name} is a {subject.family}, and transformers has no such model of its own: "
            f"{called('to', 'onnx')} or {called('to', 'safetensors')} take every network, and {called('to', 'hf')} a "
            "Transformer"
        )
    if module.kinds > 1:
        raise Unmet(
            f"{subject.name} reads symbols of {module.kinds} kinds apart, which a GPT-2 does not: "
            f"take {called('to', 'onnx')}"
        )
    boundary = subject.boundary
    config = _config(module)
    plain = {
        "config.json": config,
        "generation_config.json": {
            "bos_token_id": 0,
            "eos_token_id": 0,
            "pad_token_id": 0,
            "do_sample": True,
            "max_length": config["n_positions"],
        },
        "tokenizer.json": tokenizer_json(subject.vocab, boundary),
        "tokenizer_config.json": tokenizer_config(boundary, config["n_positions"]),
    }
    files = {name: json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n" for name, value in plain.items()}
    files["model.safetensors"] = save(_weights(module), {"format": "pt"})
    files["README.md"] = _card(subject).encode()
    return Contents(files)


def _config(module: Transformer) -> dict[str, Any]:
    attention, dropout = module.blocks[0].attn, float(module.dropout.p)
    assert isinstance(attention, CausalSelfAttention)
    size, longest = module.wte.embedding_dim, module.wpe.num_embeddings
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": module.vocab_size,
        "n_positions": longest,
        "n_embd": size,
        "n_layer": len(module.blocks),
        "n_head": attention.n_head,
        "n_inner": 4 * size,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5,
        "resid_pdrop": dropout,
        "embd_pdrop": dropout,
        "attn_pdrop": dropout,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "tie_word_embeddings": module.head is None,
        "torch_dtype": str(module.wte.weight.dtype).removeprefix("torch."),
    }


def _weights(module: Transformer) -> dict[str, np.ndarray]:
    ours = {name: value.detach().cpu().numpy() for name, value in module.state_dict().items()}
    theirs: dict[str, np.ndarray] = {}
    for name, array in ours.items():
        if name == "head.weight":
            theirs["lm_head.weight"] = array
        elif name.startswith("blocks."):
            _, number, rest = name.split(".", 2)
            layer, _, kind = rest.rpartition(".")
            stored_as_rows = kind == "weight" and not layer.startswith("ln_")
            theirs[f"transformer.h.{number}.{BLOCK[layer]}.{kind}"] = array.T if stored_as_rows else array
        else:
            theirs[f"transformer.{name}"] = array
    return {name: np.ascontiguousarray(array) for name, array in theirs.items()}


def _card(subject: Subject) -> str:
    """The card of the model: what it is and how it is used."""
    return f"""---
library_name: transformers
pipeline_tag: text-generation
---

A small GPT-2 over {subject.vocab.unit}s, trained by [moreish](https://pypi.org/project/moreish/). Every text begins
with `{subject.boundary}`, and so does what comes after an item.

```python
from transformers import pipeline

more = pipeline("text-generation", ".")
print(more("", num_return_sequences=5))
```
"""
