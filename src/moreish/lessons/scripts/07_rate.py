# %% [markdown]
# # 7. Which learning rate?
#
# Too small, and nothing happens; too large, and everything does. Between them lies a factor of ten or so that works.

# %%
import numpy as np
import torch
import torch.nn.functional as F

from moreish import plots
from moreish.lessons.kit import axes, figures, guess, lecture_list, plain_log, steps, windows_of
from moreish.models import build_model, model_class
from moreish.training.find_lr import find_lr
from moreish.training.options import TrainOptions

corpus = lecture_list()
x, y = windows_of(corpus, "train", 3)
xv, yv = windows_of(corpus, "val", 3)


def fresh(seed=0, **options):
    return build_model("mlp", model_class("mlp").Options(**options), len(corpus.vocab), seed)


# %% [markdown]
# ## Three rates
#
# **Predict** which of 0.001, 0.1 and 10 is best after a few hundred steps, and what the worst does.


# %%
def train(net, n_steps, rate, batch=32, seed=0, xs=x, ys=y):
    g = torch.Generator().manual_seed(seed)
    losses = []
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    for step in range(n_steps):
        ix = torch.randint(len(xs), (batch,), generator=g)
        loss = F.cross_entropy(net(xs[ix]), ys[ix])
        optimizer.zero_grad()
        loss.backward()
        optimizer.param_groups[0]["lr"] = rate(step) if callable(rate) else rate
        optimizer.step()
        losses.append(loss.item())
    return losses


my_best = None
ax = axes()
for rate in (0.001, 0.1, 10.0):
    losses = train(fresh(), steps(1000, 200), rate)
    ax.plot(np.convolve(losses, np.ones(20) / 20, "valid"), label=f"{rate:g}")
plain_log(ax, (3, 10, 30, 100))
ax.set_xlabel("step")
ax.set_ylabel("loss")
ax.legend(frameon=False)
guess(my_best, 0.1, "the best of the three")
ax.figure

# %% [markdown]
# ## All of them in one run
#
# Let the **exponent** rise evenly from -3 to 0 while training, so that each power of ten gets as many steps, and look
# where the loss falls fastest and where it breaks. Several nets at once show what is chance.

# %%
test = find_lr(
    lambda seed: fresh(seed),
    corpus.split("train"),
    TrainOptions(optimizer="sgd", batch_size=32, clip=0.0),
    seeds=steps(5, 2),
    steps=steps(1000, 150),
)
print(f"{test.lr:.3g}: {test.reason}")
plots.learning_rates(test).figure

# %% [markdown]
# ## The noise of a small batch
#
# A batch of 32 knows the direction only roughly. **Predict**: how does the scatter of its gradient fall with the size
# of the batch?

# %%
my_law = None
net = fresh()


def gradient(ix):
    net.zero_grad()
    F.cross_entropy(net(x[ix]), y[ix]).backward()
    return torch.cat([p.grad.flatten() for p in net.parameters()])


whole = gradient(torch.arange(0, len(x), 3))
sizes = [4, 16, 64, 256, 1024]
g = torch.Generator().manual_seed(0)
noise = [
    float(
        np.mean(
            [(gradient(torch.randint(len(x), (b,), generator=g)) - whole).norm() / whole.norm() for _ in range(8)]
        )
    )
    for b in sizes
]
ax = axes()
ax.semilogx(sizes, noise, "o-", color="#0f766e", label="how far off the batch's gradient is")
ax.semilogx(sizes, [noise[0] * (sizes[0] / b) ** 0.5 for b in sizes], "--", color="#94a3b8", label="1 / sqrt(batch)")
plain_log(ax, (0.5, 1, 2, 5))
ax.set_xticks(sizes, sizes)
ax.set_xlabel("batch size")
ax.set_ylabel("distance, in lengths of the whole gradient")
ax.legend(frameon=False)
guess(my_law, "1/sqrt(batch)", "the law")
ax.figure

# %% [markdown]
# Four times the work for half the noise: better many rough steps than one exact.
#
# ## Decay
#
# The noise keeps the net trembling around the valley. Take the rate down ten times at the end, and it settles.

# %%
n = steps(20_000, 900)
constant = train(fresh(), n, 0.1)
decayed = train(fresh(), n, lambda step: 0.1 if step < n * 2 / 3 else 0.01)
k = max(n // 100, 10)
ax = axes()
for losses, label in ((constant, "0.1 to the end"), (decayed, "0.01 for the last third")):
    ax.plot(np.arange(n // k) * k, np.array(losses)[: n // k * k].reshape(-1, k).mean(1), label=label)
ax.set_xlabel("step")
ax.set_ylabel(f"loss, mean of {k} steps")
ax.legend(frameon=False)
ax.figure

# %% [markdown]
# ## Too little and too much
#
# Train and val together say which: both high and equal is **underfitting** (a larger net, longer); train far below val
# is **overfitting** (a smaller net, more data, dropout). **Predict** which one 300 names and 300 units give.


# %%
@torch.no_grad()
def both(net, xs, ys):
    net.eval()
    losses = F.cross_entropy(net(xs), ys).item(), F.cross_entropy(net(xv), yv).item()
    net.train()
    return losses


my_diagnosis = None
few = slice(0, 2000)
large, small = fresh(n_hidden=300), fresh(n_hidden=3, n_embd=2)
train(large, steps(6000, 800), 0.2, xs=x[few], ys=y[few])
train(small, steps(6000, 300), 0.1)
print("300 units, few names:  train %.2f  val %.2f" % both(large, x[few], y[few]))
print("3 units, all names:    train %.2f  val %.2f" % both(small, x[:20000], y[:20000]))
guess(my_diagnosis, "overfitting", "300 units on 300 names")

# %%
figures(
    [
        ("valley of the rate", "near 0.1", "0.1", f"{test.lr:.2g}"),
        ("first loss", "3.3", "3.28", f"{constant[0]:.2f}"),
    ]
)

# %% [markdown]
# The same from the command line: `moreish find-lr names --recipe lecture-mlp`. **Exercise**: 7.1 rates to try,
# evenly in their exponents.
