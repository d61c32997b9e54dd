# %% [markdown]
# # 3. Can counting write names?
#
# No net, no slope, no training: only a table of which letter follows which. Read the names it writes at the end and
# decide for yourself.

# %%
from itertools import pairwise

import torch

from moreish import plots
from moreish.lessons.kit import SHORT, axes, figures, guess, lecture_list
from moreish.plots.model import pair_counts

corpus = lecture_list()
letters = ["."] + list(corpus.vocab.symbols)
print(corpus[:6])

# %% [markdown]
# ## Pairs
#
# "emma" is `.e em mm ma a.`: the dot stands for beginning and end, so a name of 4 letters has 5 pairs. **Predict** the
# most frequent pair of all.

# %%
my_pair = None
N = torch.from_numpy(pair_counts(corpus))
order = N.flatten().argsort(descending=True)[:10].tolist()
top = [(letters[i // len(letters)] + letters[i % len(letters)], int(N.flatten()[i])) for i in order]
guess(my_pair, top[0][0], "the most frequent pair")
print(top)
print(f"{int((N > 0).sum())} of {N.numel()} pairs occur")

# %%
plots.pairs(corpus).figure

# %% [markdown]
# ## From counts to chances, and a trap
#
# A row divided by its sum is the chance of each next letter. `N.sum(1, keepdim=True)` has shape (27, 1) and divides each
# row by its own sum. Leave `keepdim` out and the sums have shape (27,), which broadcasting reads as a row: then
# each **column** is divided. Nothing complains. **Predict** the sum of the first row in the wrong table.

# %%
my_sum = None
right = (N + 1) / (N + 1).sum(1, keepdim=True)
wrong = (N + 1) / (N + 1).sum(1)
guess(my_sum, round(float(wrong[0].sum()), 3), "the sum of the wrong first row")
ax = axes(8, 3.4)
ax.bar([i - 0.2 for i in range(len(letters))], right.sum(1), 0.4, label="keepdim=True: rows sum to 1")
ax.bar([i + 0.2 for i in range(len(letters))], wrong.sum(1), 0.4, label="without: they do not")
ax.set_xticks(range(len(letters)), letters)
ax.set_title("sum of each row", loc="left", fontsize=11)
ax.legend(frameon=False)
ax.figure

# %% [markdown]
# A habit that saves days: `assert torch.allclose(P.sum(1), torch.ones(len(P)))`.
#
# ## Writing a name
#
# Begin at the dot, draw the next letter by its chance, go to that letter's row, and stop at a dot. Step by step:

# %%
P = right.float()
g = torch.Generator().manual_seed(2147483647)


def write(P, g, tell=False):
    ix, name = 0, ""
    while True:
        row = P[ix]
        ix = int(torch.multinomial(row, 1, replacement=True, generator=g))
        if tell:
            best = [f"{letters[int(i)]} {float(row[i]):.0%}" for i in row.argsort(descending=True)[:4]]
            print(f"{'.' + name:12} next: {', '.join(best)}, ...  drawn: {letters[ix]}")
        if ix == 0:
            return name
        name += letters[ix]


first = [write(P, g, tell=k < 1) for k in range(4)]
print(first)

# %% [markdown]
# They are terrible. They are also far better than chance: this is what writing without any table gives.

# %%
uniform = torch.full_like(P, 1 / len(letters))
print([write(uniform, torch.Generator().manual_seed(k))[:18] for k in range(4)])

# %% [markdown]
# ## Pairs that never occurred
#
# `jq` never stands in the list. Without care a name with `jq` has chance 0 and an infinite loss. Add one to every count
# (or a tenth), and every pair is possible: smoothing. More smoothing is a flatter table. **Predict**: does a little
# smoothing help or harm on names that were not counted?

# %%
from moreish.ngram import AddK
from moreish.ngram.counts import count_ngrams

train, val = corpus.split("train"), corpus.split("val")


def loss(model, split):
    return float(-model.score(split.ids, split.offsets)[1:].mean())


ks = [10.0**e for e in ((-1, 0, 1) if SHORT else (-3, -2, -1, 0, 1, 2, 3))]
ax = axes()
results = {}
for order in (2, 3) if SHORT else (2, 3, 4, 5):
    counts = count_ngrams(train.ids, train.offsets, len(corpus.vocab), order)
    results[order] = [loss(AddK(counts, k), val) for k in ks]
    ax.semilogx(ks, results[order], marker="o", markersize=3, label=f"{order - 1} letters before")
ax.set_xlabel("added to every count")
ax.set_ylabel("loss on val")
ax.legend(frameon=False)
ax.figure

# %% [markdown]
# Longer memory needs its own amount, and with five letters plain counting begins to lose: most long contexts were never
# seen. The smoothing is chosen on val, and test is looked at once, at the very end (exercise 3.3).
#
# The best way of counting that is known (Kneser and Ney's) asks instead in how many different places a letter was seen:

# %%
from moreish.ngram import KneserNey

kneser_ney = KneserNey.fit(train.ids, train.offsets, len(corpus.vocab), 6)
whole = corpus.split("all")
everything = AddK.fit(whole.ids, whole.offsets, len(corpus.vocab), 2, 0.0)
smoothed = AddK.fit(whole.ids, whole.offsets, len(corpus.vocab), 2, 1.0)
assert len(list(pairwise(".emma."))) == 5
figures(
    [
        ("first pair", "n. 6763", "n. 6763", f"{top[0][0]} {top[0][1]}"),
        ("pairs that occur", 627, 627, int((N > 0).sum())),
        ("pairs, all data, as counted", 2.454014, 2.454014, loss(everything, whole)),
        ("pairs, all data, one added", 2.454577, 2.454577, loss(smoothed, whole)),
        ("pairs, .1 added, val", 2.4531, 2.4531, results[2][ks.index(0.1)]),
        ("trigram, .1 added, val", 2.2225, 2.2225, results[3][ks.index(0.1)]),
        ("Kneser-Ney, order 6, val", "-", 1.9740, loss(kneser_ney, val)),
        ("first names", "mor, axx, ...", "mor, axx, ...", ", ".join(first[:2])),
    ]
)

# %% [markdown]
# Remember 1.974: it is better than every net of the lectures, and took half a second.
#
# **Exercises**: 3.1 the trap, 3.2 a trigram, 3.3 splits and smoothing tuned on val.
