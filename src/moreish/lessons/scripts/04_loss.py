# %% [markdown]
# # 4. How wrong is a model?
#
# Two models write names. Which is better? One number must say it, for a whole list, whatever the model is.

# %%
import math

import torch

import moreish
from moreish.lessons.kit import axes, figures, guess, lecture_list
from moreish.plots.model import pair_counts

corpus = lecture_list()
letters = ["."] + list(corpus.vocab.symbols)
N = torch.from_numpy(pair_counts(corpus)).double()
P = (N + 1) / (N + 1).sum(1, keepdim=True)


# %% [markdown]
# ## The chance of a list
#
# A model gives "emma" a chance: that of e at the beginning, times that of m after e, and so on. A good model gives the
# names that exist high chances. For the whole list, multiply them all. **Predict**: what does the computer make of a
# product of 200,000 such numbers?


# %%
def chances(word):
    symbols = f".{word}."
    return [float(P[letters.index(a), letters.index(b)]) for a, b in zip(symbols, symbols[1:], strict=False)]


my_product = None
word = next(w for w in corpus if len(w) == 4)
product = math.prod(p for w in corpus[:1000] for p in chances(w))
print(word, [f"{p:.3f}" for p in chances(word)], f"product {math.prod(chances(word)):.2e}")
guess(my_product, product, "the product over 1,000 names")

# %% [markdown]
# Zero: it is far below the smallest number there is. So take logarithms, which turn products into sums. Chances lie
# between 0 and 1, logs between minus infinity and 0. Turn the sign, so that smaller is better; take the mean over all
# letters, so that long and short lists compare. That is the **negative log-likelihood**, and there is nothing more to it.

# %%
ax = axes(6, 3.4)
ps = [i / 400 for i in range(1, 401)]
ax.plot(ps, [-math.log(p) for p in ps], color="#0f766e")
ax.set_xlabel("chance given to what really came")
ax.set_ylabel("loss (nats)")
ax.annotate("sure and right: 0", (1, 0), (0.72, 0.8), fontsize=9)
ax.annotate("sure and wrong: without limit", (0.01, 4.6), (0.1, 4.6), fontsize=9)
ax.figure


# %%
def nll(words):
    logs = [math.log(p) for w in words for p in chances(w)]
    return -sum(logs) / len(logs)


nll(corpus[:1000])

# %% [markdown]
# **Predict** the loss of a model that knows nothing, that is: gives each of the 27 symbols the same chance.

# %%
mine = None
guess(mine, math.log(len(letters)), "the loss of knowing nothing, ln V")

# %% [markdown]
# ## Letter by letter
#
# A mean hides where the surprise sits. Bars of each letter's loss show it: a model of pairs is surprised where a rare
# pair stands. The dashed line is the loss of knowing nothing: a bar above it is a place where the model would have done
# better to close its eyes.


# %%
def bars(words, model, to):
    scored = model.score(*words)
    for ax, s in zip(to, scored, strict=True):
        pairs = s.per_symbol
        losses = [-p for _, p in pairs]
        names = [symbol or "." for symbol, _ in pairs]
        ax.bar(range(len(losses)), losses, color=["#be185d" if x > math.log(27) else "#0f766e" for x in losses])
        ax.set_xticks(range(len(names)), names)
        ax.axhline(math.log(27), color="#94a3b8", linestyle="--", linewidth=1)
        ax.set_title(f"{s.item}: {s.score.loss:.2f} a letter", fontsize=10, loc="left")
    return to[0].figure


counted = moreish.count(corpus)
bars(["emma", "andrejq", "zzyx"], counted, axes(10, 3, 3))

# %% [markdown]
# The same from the command line: `moreish score names emma andrejq`.
#
# ## What is 2.45?
#
# exp(2.45) = 11.6: the model is as unsure as if it had to choose among 11.6 letters that are equally likely. That is
# the **perplexity**. In bits it is 2.45 / ln 2 = 3.5 yes-or-no questions a letter.

# %%
for loss in (math.log(27), 2.45, 1.97):
    print(f"loss {loss:.3f} nats = {loss / math.log(2):.2f} bits, perplexity {math.exp(loss):5.1f}")

# %%
evaluation = counted.evaluate("val")
print(evaluation)
N0 = N.sum(1, keepdim=True)
ml = -(N * (N / N0).clamp_min(1e-300).log()).sum() / N.sum()
add_one = -(N * P.log()).sum() / N.sum()
figures(
    [
        ("uniform", 3.2958, 3.2958, math.log(len(letters))),
        ("pairs, as counted", 2.4540, 2.4540, float(ml)),
        ("pairs, one added", 2.4546, 2.4546, float(add_one)),
    ]
)

# %% [markdown]
# **Exercise**: 4.1 the loss of a list, from its words and a table of chances.
