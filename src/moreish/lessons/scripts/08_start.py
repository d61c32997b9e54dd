# %% [markdown]
# # 8. Why is the first loss 27?
#
# Knowing nothing costs ln 27 = 3.30. The lectures' net begins at 27: it is not ignorant, it is sure of nonsense. The
# first thousands of steps do nothing but take that back. (27.88 is one draw of its numbers; others give 20 to 30.)

# %%
import math

import torch
import torch.nn.functional as F

from moreish.lessons.kit import axes, figures, guess, lecture_list, plain_log, steps, windows_of
from moreish.models import build_model
from moreish.recipes import resolve

corpus = lecture_list()
V = len(corpus.vocab)
x, y = windows_of(corpus, "train", 3)


def fresh(recipe, seed=0):
    choice = resolve(recipe).model
    return build_model(choice.name, choice.options, V, seed)


# %% [markdown]
# ## How large a logit may be
#
# Four letters, logits 0, 0, 0, 0: each has a quarter, the loss is ln 4 = 1.39. **Predict** the loss when the logits are
# drawn ten times as large as N(0, 1).

# %%
my_loss = None
logits = torch.randn(10_000, V, generator=torch.Generator().manual_seed(0))
targets = torch.randint(V, (10_000,), generator=torch.Generator().manual_seed(1))
spreads = [0.01, 0.1, 1, 3, 10, 30]
losses = [F.cross_entropy(logits * s, targets).item() for s in spreads]
guess(my_loss, losses[4], "the loss with a spread of 10")
ax = axes()
ax.semilogx(spreads, losses, "o-", color="#0f766e")
plain_log(ax, (3, 5, 10, 20, 50))
ax.axhline(math.log(V), linestyle="--", color="#94a3b8")
ax.set_xlabel("spread of the logits")
ax.set_ylabel("first loss")
ax.figure

# %% [markdown]
# ## The hockey stick, whole
#
# Most pictures of it leave out its blade. Here it is from step 0, for three starts: everything N(0, 1); the last matrix
# times 0.01; and Kaiming's gain for the hidden one as well.

# %%
starts = {"all N(0, 1)": "lecture-mlp-randn", "small last layer": "lecture-mlp-small-head", "Kaiming": "lecture-mlp"}


def train(net, n_steps):
    g = torch.Generator().manual_seed(0)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    for step in range(n_steps):
        ix = torch.randint(len(x), (32,), generator=g)
        loss = F.cross_entropy(net(x[ix]), y[ix])
        optimizer.zero_grad()
        loss.backward()
        if step == n_steps // 2:
            optimizer.param_groups[0]["lr"] = 0.01
        optimizer.step()
        losses.append(loss.item())
    return losses


ax = axes()
curves, nets = {}, {}
for name, recipe in starts.items():
    nets[name] = fresh(recipe)
    curves[name] = train(nets[name], steps(200_000, 400))
    k = max(1, len(curves[name]) // 400)
    ax.plot(range(0, len(curves[name]), k), curves[name][::k], linewidth=1, label=name)
plain_log(ax, (2, 3, 5, 10, 20))
ax.axhline(math.log(V), linestyle="--", color="#94a3b8", linewidth=1)
ax.set_xlabel("step" if k == 1 else f"step, every {k}th")
ax.set_ylabel("loss of a batch, raw")
ax.legend(frameon=False)
ax.figure

# %% [markdown]
# ## A tanh that is stuck
#
# tanh's slope is 1 - t^2: at t = 0.99 only 2 % of a gradient passes. The map shows a batch downwards and the units
# across; white is |t| > 0.97. A column that is white all the way down is a **dead** unit: no example teaches it.
# **Predict** the share of white for "all N(0, 1)".

# %%
my_share = None


def hidden(net):
    return net.hidden(net.wte(x[:64]).flatten(1)).detach()


maps = axes(11, 3.2, 3)
shares = {}
for ax, (name, recipe) in zip(maps, starts.items(), strict=True):
    stuck = hidden(fresh(recipe)).abs() > 0.97
    shares[name] = float(stuck.float().mean())
    ax.grid(visible=False)
    ax.imshow(stuck, cmap="gray", interpolation="nearest", aspect="auto")
    ax.set_title(f"{name}: {shares[name]:.0%} stuck, {int(stuck.all(0).sum())} dead", fontsize=9, loc="left")
guess(my_share, shares["all N(0, 1)"], "the share that is stuck")
maps[0].figure

# %% [markdown]
# ## Kaiming's gain, side by side
#
# A layer multiplies the spread of what goes in by sqrt(fan_in) times that of its weights. To keep it, divide by
# sqrt(fan_in); and because tanh squeezes, make up for it with a gain. Ten layers deep, four gains. **Predict** which one
# keeps the spread, and what 3 does.

# %%
my_gain = None
ax = axes()
g = torch.Generator().manual_seed(0)
spread = {}
for gain in (0.5, 1.0, 5 / 3, 3.0):
    h = torch.randn(1000, 100, generator=g)
    spread[gain] = []
    for _ in range(10):
        h = torch.tanh(h @ (torch.randn(100, 100, generator=g) * gain / 100**0.5))
        spread[gain].append(float(h.std()))
    ax.plot(
        range(1, 11),
        spread[gain],
        "o-",
        markersize=3,
        label=f"gain {gain:.2g}: {float((h.abs() > 0.97).float().mean()):.0%} stuck at last",
    )
ax.set_xlabel("layer")
ax.set_ylabel("standard deviation of the tanh")
ax.legend(frameon=False)
guess(my_gain, "5/3", "the gain that keeps the spread")
ax.figure

# %% [markdown]
# ## Zero is no start either
#
# With all numbers 0, every unit does the same and stays the same; most gradients are exactly 0. **Predict** which
# part of the net still trains.

# %%
net = fresh("lecture-mlp")
for p in net.parameters():
    torch.nn.init.zeros_(p)
F.cross_entropy(net(x[:32]), y[:32]).backward()
for name, p in net.named_parameters():
    print(f"{name:15} largest slope {float(p.grad.abs().max()):.2g}")


# %%
@torch.no_grad()
def val_loss(net):
    xv, yv = windows_of(corpus, "val", 3)
    return F.cross_entropy(net(xv), yv).item()


figures(
    [
        ("all N(0, 1): step 0", 27.88, 23.1017, curves["all N(0, 1)"][0]),
        ("small last layer: step 0", 3.32, 3.2836, curves["small last layer"][0]),
        ("Kaiming: step 0", 3.32, 3.2837, curves["Kaiming"][0]),
        ("all N(0, 1): val", 2.1682, 2.1642, val_loss(nets["all N(0, 1)"])),
        ("small last layer: val", 2.13, 2.1274, val_loss(nets["small last layer"])),
        ("Kaiming: val", 2.1070, 2.1014, val_loss(nets["Kaiming"])),
    ]
)

# %% [markdown]
# **Exercises**: 8.1 the first loss, 8.2 zero initialisation, 8.3 a gain for ten layers.
