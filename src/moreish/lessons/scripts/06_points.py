# %% [markdown]
# # 6. Why letters as points?
#
# A table of pairs has 27 x 27 rows and columns. With three letters before, it has 27^4 places, and most stay empty. In
# 2003 Bengio and others gave each word a place in a space instead. Words that are used alike come to lie near one
# another, and what is learned of one holds for its neighbours.

# %%
import torch
import torch.nn.functional as F

import moreish
from moreish import plots
from moreish.lessons.kit import SHORT, figures, guess, lecture_list, source, steps, windows_of
from moreish.models.mlp import MLP
from moreish.ngram.counts import count_ngrams
from moreish.ngram.coverage import coverage

corpus = lecture_list()
letters = ["."] + list(corpus.vocab.symbols)

# %% [markdown]
# ## How soon contexts run out
#
# **Predict**: of the places in val, how many have a beginning of 5 letters that train never had?

# %%
my_share = None
train, val = corpus.split("train"), corpus.split("val")
five = coverage(count_ngrams(train.ids, train.offsets, len(letters), 6), val.ids, val.offsets)[5]
guess(my_share, five.new_context / five.predictions, "the share whose last five letters train never had")
plots.contexts(corpus).figure

# %% [markdown]
# That is the curse of dimensionality: each letter more gives 27 times as many contexts, and the list does not grow.
#
# ## Windows
#
# The list becomes rows of three letters and the one that follows.

# %%
x, y = windows_of(corpus, "train", 3)
for row, target in zip(x[:6], y[:6], strict=True):
    print("".join(letters[i] for i in row), "->", letters[target])
x.shape, y.shape

# %% [markdown]
# ## The net
#
# Look up the three points, lay them side by side, one layer of tanh, and one that gives logits. **Predict** how many
# numbers it has: 27 points of 10 numbers, 30 x 200 + 200, 200 x 27 + 27.

# %%
my_count = None
source(MLP.forward)
net = MLP(MLP.Options(), len(letters))
guess(my_count, sum(p.numel() for p in net.parameters()), "the number of parameters")

# %% [markdown]
# Step by step with its shapes:

# %%
emb = net.wte(x[:4])
print("looked up  ", tuple(emb.shape))
print("side by side", tuple(emb.flatten(1).shape), "(a view: no number is moved)")
print("hidden     ", tuple(net.hidden(emb.flatten(1)).shape))
print("logits     ", tuple(net.head(net.hidden(emb.flatten(1))).shape))

# %% [markdown]
# ## Train it with two-dimensional points, to see them


# %%
def trained(n_embd, n_steps):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        net = MLP(MLP.Options(n_embd=n_embd), len(letters))
    g = torch.Generator().manual_seed(1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in range(n_steps):
        ix = torch.randint(len(x), (32,), generator=g)
        loss = F.cross_entropy(net(x[ix]), y[ix])
        optimizer.zero_grad()
        loss.backward()
        if step == n_steps * 3 // 4:
            optimizer.param_groups[0]["lr"] = 0.01
        optimizer.step()
    return net


flat = trained(2, steps(40_000, 600))
from moreish.inference.network import Network

plots.embedding(Network(flat), corpus.vocab).figure

# %% [markdown]
# The vowels have found one another: what follows a and e is alike, and nobody told the net what a vowel is. The
# boundary stands alone.
#
# ## Honest splits
#
# Train, val, test: learn on the first, choose on the second, and look at the third once. And look for twins: names.txt
# has 2,539 names twice, so that 13 % of the lectures' val names stand in train, too. A memory that knows train by heart
# looks better than it is. **Predict**: does removing duplicates raise or lower the val loss?

# %%
my_guess = None
honest = moreish.read(corpus.report.source)  # duplicates dropped, then split
train_names = {corpus.split("train").item(i, corpus.vocab) for i in range(len(corpus.split("train")))}
val_names = [corpus.split("val").item(i, corpus.vocab) for i in range(len(corpus.split("val")))]
print(f"val names that train has too: {sum(n in train_names for n in val_names) / len(val_names):.1%}")
print(honest)
guess(my_guess, "raise", "what honesty does to the loss (2.004 for 1.983, counting with order 5)")

# %% [markdown]
# ## The lecture's net

# %%
net = trained(10, steps(200_000, 800))


@torch.no_grad()
def loss_on(net, split):
    xs, ys = windows_of(corpus, split, 3)
    return F.cross_entropy(net(xs), ys).item()


figures(
    [
        ("windows of train", 182_625, 182_625, len(x)),
        ("parameters", 11_897, 11_897, sum(p.numel() for p in net.parameters())),
        ("train", 2.0377, 2.0397, loss_on(net, "train")),
        ("val", 2.1070, 2.1014, loss_on(net, "val")),
    ]
)

# %% [markdown]
# A notch better than the trigram's 2.22, with far fewer numbers. But counting with five letters and Kneser-Ney has
# 1.974. A net wins when it may look as far back, and when the two are mixed.
#
# ## Words
#
# The paper is about words, of which there are thousands. Any text will do; a symbol is then a word:

# %%
text = ["the cat sat on the mat", "the dog sat on the rug", "a cat saw the dog", "a dog saw a cat"] * 20
words = moreish.read(text, unit="word", duplicates="keep", val_share=0.0, test_share=0.0)
run = moreish.train(
    words, model="mlp", options={"train": {"steps": 300 if SHORT else 2000}}, out=None, root="lesson-runs"
)
print([item.text for item in run.more(3, seed=1)])
run.next("the", 4)

# %% [markdown]
# **Exercises**: 6.1 windows, 6.2 beat 2.2 (a bar for names.txt; 2.43 on the bundled names).
