# %% [markdown]
# # 5. Is a net just counting?
#
# Lesson 3 counted pairs and was done in a blink. Here a net of one layer learns the same table by walking downhill,
# a thousand times slower. Why would anybody? Because the walk still works where counting has long given up.

# %%
import torch
import torch.nn.functional as F

from moreish.lessons.kit import axes, figures, guess, lecture_list, source, steps
from moreish.plots.model import pair_counts

corpus = lecture_list()
letters = ["."] + list(corpus.vocab.symbols)
V = len(letters)
ids = torch.from_numpy(corpus.split("all").ids.astype("int64"))
x, y = ids[:-1], ids[1:]
print(len(x), "pairs")

# %% [markdown]
# ## One-hot, and why nobody does it
#
# A letter is a row of 27 zeros with a single 1. Times a matrix W of 27 x 27, it gives 27 numbers. **Predict**: which
# numbers of W are they?

# %%
my_answer = None
W = torch.randn((V, V), generator=torch.Generator().manual_seed(2147483647))
by_product = F.one_hot(x[:5], V).float() @ W
same = torch.equal(by_product, W[x[:5]])
guess(my_answer, "the row of that letter", "what a one-hot row takes out of W")
print("the product and the index are the same:", same)

# %% [markdown]
# A one-hot product reads 27 rows to find one. `W[x]` is that row. An embedding table is nothing else.
#
# ## From numbers to chances
#
# The 27 numbers (logits) are read as logarithms of counts: exponentiate, and divide by the sum. That is softmax.

# %%
logits = W[x[:1]]
counts = logits.exp()
p = counts / counts.sum(1, keepdim=True)
ax = axes(8, 3)
ax.bar(range(V), p[0], color="#0f766e")
ax.set_xticks(range(V), letters)
ax.set_title(f"what a fresh net says comes after '{letters[int(x[0])]}'", loc="left", fontsize=11)
ax.figure

# %% [markdown]
# ## Walking downhill
#
# The loss is lesson 4's. Its slope in each number of W comes from `backward()`, and each goes a little against it; here
# "a little" is 50, because the loss is a mean over all pairs and its slopes are tiny.


# %%
def descend(penalty, n_steps, lr=50.0):
    """Full-batch descent on the 729 numbers; the losses without the penalty."""
    W = torch.randn((V, V), generator=torch.Generator().manual_seed(2147483647), requires_grad=True)
    N = torch.zeros(V, V).index_put_((x, y), torch.ones(len(x)), accumulate=True)  # the same loss, faster
    losses = []
    for _ in range(n_steps):
        nll = -(N * F.log_softmax(W, 1)).sum() / N.sum()
        loss = nll + penalty * (W**2).mean()
        W.grad = None
        loss.backward()
        W.data -= lr * W.grad
        losses.append((nll.item(), loss.item()))
    return W.detach(), losses


W0, free = descend(0.0, steps(20_000, 800))
W1, held = descend(0.01, steps(300, 300))
N = torch.from_numpy(pair_counts(corpus)).double()
counted = float(-(N * (N / N.sum(1, keepdim=True)).clamp_min(1e-300).log()).sum() / N.sum())
ax = axes()
ax.semilogx(range(1, len(free) + 1), [nll for nll, _ in free], label="no penalty")
ax.semilogx(range(1, len(held) + 1), [nll for nll, _ in held], label="penalty 0.01")
ax.axhline(counted, color="#be185d", linestyle="--", label=f"counting: {counted:.4f}")
ax.set_xlabel("step")
ax.set_ylabel("loss")
ax.legend(frameon=False)
ax.figure

# %% [markdown]
# The walk ends where counting began: no table can do better on these pairs than the counts themselves, and the loss has
# one valley only.
#
# ## A penalty is smoothing
#
# The penalty pulls each number towards 0, where all letters are alike. Adding a count to each pair pulls the chances
# there, too. One picture: the row of 'q', as counted, with 1 added, with 30 added; and as learned with more and more
# penalty. **Predict** what the row looks like when the penalty wins.

# %%
q = letters.index("q") if "q" in letters else 1
left, right = axes(11, 3.6, 2)
for k in (0.01, 1, 30):
    row = N[q] + k
    left.plot(row / row.sum(), label=f"{k:g} added")
for penalty in (0.0, 0.01, 0.1):
    learned, _ = descend(penalty, steps(2000, 300))
    right.plot(F.softmax(learned[q], 0), label=f"penalty {penalty:g}")
for ax, title in ((left, "counted, smoothed"), (right, "learned, penalised")):
    ax.set_xticks(range(V), letters, fontsize=7)
    ax.set_title(title + f": after '{letters[q]}'", loc="left", fontsize=10)
    ax.legend(frameon=False)
left.figure

# %%
my_shape = None
guess(my_shape, "flat", "the row under a large penalty")

# %% [markdown]
# ## The loss in one call
#
# `F.cross_entropy(logits, y)` is the same in one call, and right where the long way overflows:

# %%
big = torch.tensor([[1000.0, 0.0]])
print("by hand:", -(big.exp() / big.exp().sum(1, keepdim=True)).log()[0, 1].item())
print("in one: ", F.cross_entropy(big, torch.tensor([1])).item())
from moreish.backprop.rules.losses import cross_entropy_backward

source(cross_entropy_backward)

# %% [markdown]
# The slope of the whole is softmax minus one-hot: each letter's chance pushes its logit down, and the one that came is
# pulled up by 1. Lesson 10 derives it.

# %%
figures(
    [
        ("numbers", 729, 729, V * V),
        ("penalty 0.01, 300 steps", 2.4818, 2.4815, held[-1][1]),
        (f"no penalty, {len(free)} steps", 2.4540, 2.4541, free[-1][0]),
    ]
)

# %% [markdown]
# **Exercises**: 5.1 an index instead of a one-hot product, 5.2 a cross-entropy that does not overflow, 5.3 the penalty.
