# %% [markdown]
# # 10. Can you be autograd?
#
# `loss.backward()` is a leaky abstraction: whoever has never done it by hand does not see why a net is stuck. Here are
# the 26 slopes on the way from the loss back to the embeddings, each turning right as it is derived.

# %%
import torch
import torch.nn.functional as F
from torch import nn

from moreish.backprop import as_text, by_hand, check, compare_gradients
from moreish.backprop.lecture import (
    compare_lecture,
    lecture_backward,
    lecture_forward,
    lecture_loss,
    lecture_weights,
    train_lecture,
)
from moreish.backprop.rules.losses import cross_entropy_backward
from moreish.backprop.rules.norms import batch_norm_backward
from moreish.backprop.stepwise import cross_entropy_backward as loss_step_by_step
from moreish.lessons.kit import axes, figures, guess, lecture_list, source, steps, windows_of

corpus = lecture_list()
x, y = windows_of(corpus, "train", 3)
xv, yv = windows_of(corpus, "val", 3)

# %% [markdown]
# ## Four rules carry nearly everything
#
# - a broadcast forward is a sum backward, and a sum forward is a broadcast backward;
# - a value used twice receives the sum of both;
# - a slope has the shape of its value, and often only one product of the pieces has that shape;
# - what was thrown away on the way forward receives nothing.
#
# **Predict**: logits = h @ W2 + b2, with h (32, 64), W2 (64, 27), and dlogits (32, 27) known. Which product has the
# shape of W2?

# %%
my_product = None
guess(my_product, "h.T @ dlogits", "dW2")

# %% [markdown]
# ## The loss, step by step
#
# maximum, subtract, exp, sum, invert, multiply, log, pick and mean: eight small steps, and back again.

# %%
source(loss_step_by_step)

# %% [markdown]
# ## 26 rows
#
# Every value on the way, its slope by hand beside autograd's. `exact`: every bit; `approximate`: up to rounding.

# %%
g = torch.Generator().manual_seed(2147483647)
weights = lecture_weights(g)
batch = torch.randint(len(x), (32,), generator=g)
rows = compare_lecture(weights, x[batch], y[batch])
print(as_text(rows))
print(len(rows), "rows;", sum(row.approximate for row in rows), "right")

# %% [markdown]
# ## A row that is wrong, and why
#
# Forget one of two uses: `counts` goes into the sum and into the product. Who forgets one is told which.

# %%
values = lecture_forward(weights, x[batch], y[batch])
mine = lecture_backward(weights, x[batch], y[batch], values)
probs_path = values["counts_sum_inv"] * mine["probs"]
wrong = compare_lecture(weights, x[batch], y[batch], {**mine, "counts": probs_path})
print(as_text([row for row in wrong if not row.approximate]))

# %% [markdown]
# ## In one expression
#
# The eight steps of the loss collapse into softmax minus one-hot. A picture of those slopes for one batch: each row sums
# to 0, black is the pull upwards at the right letter.

# %%
dlogits = mine["logits"] * len(batch)
ax = axes(6, 5)
ax.grid(visible=False)
ax.imshow(dlogits, cmap="gray", aspect="auto")
ax.set_xlabel("letter")
ax.set_ylabel("example")
ax.set_title("dlogits", loc="left")
ax.figure

# %%
source(cross_entropy_backward, batch_norm_backward)

# %% [markdown]
# ## A function of your own
#
# Any function can be judged: `check` asks by name for what your backward needs. **Predict** the slope of
# SiLU(x) = x sigmoid(x) before you read on.


# %%
def silu_backward(dy, x):
    s = torch.sigmoid(x)
    return dy * s * (1 + x * (1 - s))


def forgot_a_factor(dy, x):
    return dy * torch.sigmoid(x)


print(as_text(check(silu_backward, of=F.silu)))
print(as_text(check(forgot_a_factor, of=F.silu)))

# %% [markdown]
# The same for compositions: root of the mean square, for instance, d/dx sqrt(mean(x^2)) = x / (n rms).


# %%
def rms_backward(dy, x):
    rms = x.square().mean().sqrt()
    return dy * x / (x.numel() * rms)


t = torch.randn(5, dtype=torch.float64, requires_grad=True)
t.square().mean().sqrt().backward()
print("rms:", torch.allclose(t.grad, rms_backward(1.0, t.detach())))

# %% [markdown]
# ## Any net, without autograd's rules
#
# Inside `by_hand()` a module's operations use the derived rules; the module does not know.

# %%
net = nn.Sequential(
    nn.Embedding(27, 10), nn.Flatten(), nn.Linear(30, 64), nn.BatchNorm1d(64), nn.Tanh(), nn.Linear(64, 27)
)
with by_hand() as calls:
    loss = F.cross_entropy(net(x[batch]), y[batch])
loss.backward()
print(calls.report())
print(as_text(compare_gradients(net, lambda: F.cross_entropy(net(x[batch]), y[batch]))))

# %% [markdown]
# ## Train with nothing else
#
# The lecture's net, hidden 200, without autograd: forward, backward by the two expressions, update.

# %%
trained = train_lecture(x, y, steps=steps(200_000, 800))
k = max(1, len(trained.losses) // 200)
ax = axes()
means = trained.losses[: len(trained.losses) // k * k].view(-1, k).mean(1)
ax.plot(range(0, k * len(means), k), means)
ax.set_xlabel("step")
ax.set_ylabel(f"loss, mean of {k} steps")
ax.figure

# %%
worst = max(row.maxdiff for row in rows)
figures(
    [
        ("slopes compared", 26, 35, len(rows)),
        ("wrong", 0, 0, sum(not row.approximate for row in rows)),
        ("largest difference", "0", "8e-09", f"{worst:.0e}"),
        ("trained by hand: val", 2.110, 2.1098, lecture_loss(trained.weights, xv, yv, x)),
    ]
)

# %% [markdown]
# **Exercises**: 10.1 the 26 rows, 10.2 and 10.3 in one expression, 10.4 your rule trains names, 10.5 to 10.8 functions of
# your own.
