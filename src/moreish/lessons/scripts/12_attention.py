# %% [markdown]
# # 12. What does attention look at?
#
# A tree joins letters by their place. A recurrent net carries a memory along. Attention asks: which of the letters
# before me matter here? And answers anew at every place.

# %%
import numpy as np
import torch
import torch.nn.functional as F

import moreish
from moreish.backprop import as_text, check
from moreish.backprop.rules.attention import attention_backward
from moreish.doctor import FAULTS, Doctor, seed_fault
from moreish.lessons.kit import SHORT, axes, figures, guess, lecture_list, source
from moreish.models.mixture import fit_weights
from moreish.models.rnn import Elman
from moreish.models.transformer import CausalSelfAttention

corpus = lecture_list()
V = len(corpus.vocab)

# %% [markdown]
# ## A memory that is carried on
#
# h' = tanh(W x + U h + b). The `h` on the right is last step's. Forget to hand it on, and the net still trains, to the
# loss of a model of pairs: it sees one letter only. **Predict** how much of a name it then knows.

# %%
my_memory = None
source(Elman.forward)
cell = Elman(8, 16)
letters = torch.randn(1, 6, 8, generator=torch.Generator().manual_seed(0))
with torch.no_grad():
    carried = cell(letters, None)
    changed = letters.clone()
    changed[0, 0] += 1
    effect = (cell(changed, None) - carried).abs().mean(2)[0]
    alone = torch.stack([cell(letters[:, t : t + 1], None)[:, 0] for t in range(6)], 1)
    alone_changed = torch.stack([cell(changed[:, t : t + 1], None)[:, 0] for t in range(6)], 1)
    without = (alone_changed - alone).abs().mean(2)[0]
ax = axes(7, 3)
ax.plot(effect, "o-", label="memory carried on")
ax.plot(without, "o-", label="memory never carried on")
ax.set_xlabel("place")
ax.set_title("how far a change of the first letter reaches", loc="left", fontsize=11)
ax.legend(frameon=False)
guess(my_memory, "one letter", "what a net knows that forgets its memory")
ax.figure

# %% [markdown]
# ## A causal map
#
# Each place asks (q), each offers (k) and has something to say (v). softmax(q k / sqrt(size)) is a row of weights that
# sum to 1. The mask sets all that lies ahead to minus infinity **before** the softmax. **Predict** the first row.

# %%
my_row = None
source(CausalSelfAttention.forward)
run = moreish.train(
    corpus,
    model="transformer",
    options={"model": {"n_layer": 2, "n_head": 2, "n_embd": 32}, "train": {"steps": 60 if SHORT else 3000}},
    root="lesson-runs",
)


def maps(run, name):
    """The attention of each head of the first block, for one name."""
    net = run.model.module
    idx = torch.from_numpy(np.append(0, run.vocab.encode(name)).astype("int64"))[None]
    with torch.no_grad():
        block = net.blocks[0]
        a = block.ln_1(net.wte(idx) + net.wpe(torch.arange(idx.shape[1])))
        q, k, _ = block.attn.qkv(a).unflatten(2, (3, block.attn.n_head, -1)).permute(2, 0, 3, 1, 4)
        scores = q @ k.mT / q.shape[-1] ** 0.5
        ahead = torch.ones(idx.shape[1], idx.shape[1]).triu(1).bool()
        return scores.masked_fill(ahead, -torch.inf).softmax(3)[0]


name = next(n for n in corpus if len(n) == 8)
heads = maps(run, name)
for ax, head in zip(axes(9, 4.2, 2), heads, strict=True):
    ax.grid(visible=False)
    ax.imshow(head, cmap="Blues", vmin=0, vmax=1)
    ax.set_xticks(range(len(name) + 1), ["."] + list(name))
    ax.set_yticks(range(len(name) + 1), ["."] + list(name))
    ax.set_xlabel("looked at")
guess(my_row, "1 and then zeros", "the first row: it can look at nothing but the beginning")
ax.figure

# %% [markdown]
# ## Its backward
#
# y = P v, with P a softmax of scores. dv = P^T dy is easy. The rest goes through the softmax: ds = P (dP - sum(dP P)).

# %%
source(attention_backward)


def my_attention_backward(dy, query, key, value):
    """Without a mask: written out, as an exercise."""
    scale = query.shape[-1] ** -0.5
    p = (query @ key.mT * scale).softmax(-1)
    dp = dy @ value.mT
    ds = p * (dp - (dp * p).sum(-1, keepdim=True))
    return scale * ds @ key, scale * ds.mT @ query, p.mT @ dy


g = torch.Generator().manual_seed(0)
qkv = [torch.randn(2, 5, 4, generator=g).requires_grad_() for _ in range(3)]
print(as_text(check(my_attention_backward, of=F.scaled_dot_product_attention, inputs=[qkv])))

# %% [markdown]
# ## A net and a table, mixed
#
# They err on different letters. The mean of their chances is never worse than the worse of the two, and with weights
# fitted on val it is nearly always better than the better. **Predict** who gets more weight.

# %%
my_heavier = None
val = corpus.split("val")
counted = moreish.count(corpus)
logprobs = np.stack([m.model.score(val.ids, val.offsets)[1:] for m in (run, counted)])
weights = fit_weights(logprobs)
mixed = float(-np.log((weights[:, None] * np.exp(logprobs)).sum(0)).mean())
alone_net, alone_counts = (float(-row.mean()) for row in logprobs)
print(f"net {alone_net:.4f}, counts {alone_counts:.4f}, mixed {mixed:.4f} with weights {weights.round(2).tolist()}")
guess(my_heavier, "net" if weights[0] > 0.5 else "counts", "the heavier one")

# %% [markdown]
# ## A sick run
#
# Something is wrong with this net. Look at its losses first, and say what you think; then ask the doctor. (`moreish learn
# diagnose` has as many as you like.)

# %%
my_diagnosis = None
from moreish.lessons.kit import windows_of
from moreish.models import build_model, model_class

x, y = windows_of(corpus, "train", 3)
patient = build_model("mlp", model_class("mlp").Options(), V, 0)
optimizer = torch.optim.SGD(patient.parameters(), lr=0.1)
broken = seed_fault("F24", patient, optimizer)
losses = []
with Doctor(patient, optimizer) as doctor:
    for _ in range(120 if SHORT else 300):
        rows = torch.randint(len(x), (256,), generator=g)
        xb, yb = broken.batch((x[rows], y[rows]))
        loss = F.cross_entropy(patient(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
ax = axes(7, 3)
ax.plot(losses, linewidth=0.8)
ax.set_xlabel("step")
ax.set_ylabel("loss")
ax.figure

# %%
print(doctor.report())
guess(my_diagnosis, FAULTS["F24"].words, "what was done to it")

# %% [markdown]
# The loss falls from ln 27 to that of the letters' frequencies and stays there: each target is some letter of the list, but
# not the one that follows. With batches of 32 the doctor needs 600 steps to be sure: it counts the pairs that it looks at.

# %%
figures(
    [
        ("makemore's Transformer, test", "about 1.92", 1.9931, f"{alone_net:.4f} (small, val)"),
        ("Kneser-Ney, val", "-", 1.9740, alone_counts),
        ("mixed, val", "always better", "1.883 (best)", mixed),
    ]
)

# %% [markdown]
# **Exercises**: 12.1 a causal map, 12.2 its backward, 12.3 a memory carried on, 12.4 a mixture.
