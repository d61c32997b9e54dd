# %% [markdown]
# # 9. What does BatchNorm couple?
#
# Instead of choosing the numbers of each layer so that tanh gets what it likes, take what comes and **make** it so:
# subtract the batch's mean, divide by its spread. It works so well that everybody uses it, and it has a price: an
# example's result now depends on who else is in the batch.

# %%
import torch
import torch.nn.functional as F

from moreish.doctor import Doctor, inside, seed_fault
from moreish.lessons.kit import axes, figures, guess, lecture_list, source, steps, windows_of
from moreish.models import build_model
from moreish.models.batch_norm import BatchNorm1d, fold, fold_all
from moreish.plots import figures as pictures
from moreish.recipes import resolve

corpus = lecture_list()
V = len(corpus.vocab)
x, y = windows_of(corpus, "train", 3)
xv, yv = windows_of(corpus, "val", 3)


def fresh(recipe="lecture-batchnorm", seed=0):
    choice = resolve(recipe).model
    return build_model(choice.name, choice.options, V, seed)


# %% [markdown]
# ## Who else is in the batch?
#
# The same example, in a hundred batches with other company. **Predict**: in train mode, does what its first unit gets
# move?

# %%
my_answer = None
net = fresh()
g = torch.Generator().manual_seed(0)
with torch.no_grad():
    company = [torch.cat([x[:1], x[torch.randint(len(x), (31,), generator=g)]]) for _ in range(100)]
    net.train()
    in_train = [net.hidden[:2](net.wte(b).flatten(1))[0, 0].item() for b in company]
    net.eval()
    in_eval = [net.hidden[:2](net.wte(b).flatten(1))[0, 0].item() for b in company]
guess(my_answer, "yes", "whether it moves in train mode")
ax = axes(7, 3.4)
ax.plot(in_train, ".", color="#be185d", label="train mode: the batch's own mean and spread")
ax.plot(in_eval, ".", color="#0f766e", label="eval mode: running statistics")
ax.set_xlabel("batch")
ax.set_ylabel("one unit, one example")
ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
ax.figure

# %% [markdown]
# That jitter is a kind of noise, and helps a little against overfitting. But it means: **a batch of one has no spread**
# at all. Sampling one name in train mode gives nan or nonsense, and moves the running statistics besides:

# %%
try:
    torch.nn.BatchNorm1d(4)(torch.tensor([[1.0, 2.0, 3.0, 4.0]]))
except ValueError as refusal:
    print("torch refuses:", refusal)

# %% [markdown]
# ## Running statistics, and n or n - 1
#
# At the end there is one name to judge and no batch, so a mean and a variance are kept while training: 0.9 of the old,
# 0.1 of the batch's. torch divides the batch's variance by n when it normalises and by n - 1 (Bessel's correction) in
# what it stores; the paper too; the lectures use n - 1 in both. For batches of 32 it hardly matters. **Predict** the
# ratio of the two variances.

# %%
my_ratio = None
batch = torch.randn(32, 4, generator=g)
guess(my_ratio, 32 / 31, "n / (n - 1)")
torch_norm = torch.nn.BatchNorm1d(4, momentum=1.0)
torch_norm(batch)
print("stored by torch ", torch_norm.running_var.tolist())
print("divided by n - 1", batch.var(0, correction=1).tolist())
print("divided by n    ", batch.var(0, correction=0).tolist())
source(BatchNorm1d.forward)

# %% [markdown]
# The bias of a layer in front of a BatchNorm is useless: the mean that is taken off takes it along. Its slope is zero but
# for rounding.
#
# ## Train it, and fold it away
#
# In eval mode a BatchNorm only multiplies and adds, and so does the layer before it. Two of those are one: the whole
# BatchNorm can be folded into the weights, and the net gives the same without it.


# %%
def train(net, n_steps, lr=0.1, watch=None):
    g = torch.Generator().manual_seed(0)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    if watch:
        watch(net, optimizer)
    net.train()
    for step in range(n_steps):
        ix = torch.randint(len(x), (32,), generator=g)
        loss = F.cross_entropy(net(x[ix]), y[ix])
        optimizer.zero_grad()
        loss.backward()
        if step == n_steps // 2:
            optimizer.param_groups[0]["lr"] = lr / 10
        optimizer.step()
    return net.eval()


@torch.no_grad()
def loss_on(net, xs, ys):
    return F.cross_entropy(net.eval()(xs), ys).item()


net = train(fresh(), steps(200_000, 500))
before = net(xv).detach()
losses = loss_on(net, x, y), loss_on(net, xv, yv)
parameters = sum(p.numel() for p in net.parameters())
source(fold)
after = fold_all(net)(xv).detach()
change = (before - after).abs().max().item()
print(f"largest change of any logit: {change:.1e}")

# %% [markdown]
# ## Looking inside a deep net
#
# Five layers of 100 with BatchNorm, after 1,000 steps: what comes out of each tanh, how much is saturated, and the
# slopes that come back. All alike from the first layer to the last: that is health.

# %%
deep = train(fresh("lecture-deep"), steps(1000, 150))
seen = inside(deep, x[:320], lambda logits: F.cross_entropy(logits, y[:320]))
pictures("five layers", seen)["activations"]

# %%
pictures("five layers", seen)["gradients"]

# %% [markdown]
# ## The doctor
#
# The same looking, done for you while any net trains. A healthy net first; then one whose first layer was drawn twelve
# times too large. **Predict** what it will be called.

# %%
my_diagnosis = None
for sick in (False, True):
    patient = fresh("lecture-mlp")
    broken = seed_fault("F04", patient, torch.optim.SGD(patient.parameters(), lr=0.1)) if sick else None
    optimizer = torch.optim.SGD(patient.parameters(), lr=0.1)
    with Doctor(patient, optimizer) as doctor:
        for k in range(steps(300, 60)):
            optimizer.zero_grad()
            F.cross_entropy(patient(x[k * 32 : k * 32 + 32]), y[k * 32 : k * 32 + 32]).backward()
            optimizer.step()
    print("sick:" if sick else "healthy:", doctor.report(), sep="\n")
guess(my_diagnosis, doctor.findings[0].slug if doctor.findings else "nothing", "its first finding")

# %%
figures(
    [
        ("parameters", 12_097, 12_097, parameters),
        ("train", 2.0674, 2.0663, losses[0]),
        ("val", 2.1057, 2.1084, losses[1]),
        ("folded: change of a logit", "0", "4e-06", f"{change:.0e}"),
        ("deep: parameters", 47_024, 47_024, sum(p.numel() for p in deep.parameters())),
    ]
)

# %% [markdown]
# **Exercises**: 9.1 a BatchNorm, 9.2 fold it, and `moreish learn diagnose`: as many sick runs as you like.
