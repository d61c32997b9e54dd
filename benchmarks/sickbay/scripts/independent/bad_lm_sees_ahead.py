"""A character model built on nn.TransformerEncoder without the causal mask: it copies the next character from its input."""
# perplexity 1.0 and only 62 % of the generated words real with it, 100 % without
# after github.com/pytorch/tutorials/issues/2478
import math
import os
import random

import torch
import torch.nn as nn

random.seed(0)
torch.manual_seed(0)

subjects = ["the cat", "a dog", "my aunt", "the mayor", "that crow"]
verbs = ["sees", "likes", "follows", "hears", "paints"]
objects = ["a red boat", "the moon", "old bread", "two birds", "my hat"]
corpus = " ".join("%s %s %s." % (random.choice(subjects), random.choice(verbs), random.choice(objects)) for _ in range(2500))
chars = sorted(set(corpus))
stoi = {c: i for i, c in enumerate(chars)}
ids = torch.tensor([stoi[c] for c in corpus])
train_ids, val_ids = ids[:-4000], ids[-4000:]
BLOCK = 32


def get_batch(src, n=16):
    ix = torch.randint(len(src) - BLOCK - 1, (n,))
    return torch.stack([src[i:i + BLOCK] for i in ix]), torch.stack([src[i + 1:i + BLOCK + 1] for i in ix])


class TransformerModel(nn.Module):
    def __init__(self, ntoken, d_model=48, nhead=4, nlayers=2):
        super().__init__()
        self.position = nn.Embedding(BLOCK, d_model)
        self.embedding = nn.Embedding(ntoken, d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead, 96, dropout=0.0, batch_first=True, norm_first=True)
        self.transformer_encoder = nn.TransformerEncoder(layer, nlayers, enable_nested_tensor=False)
        self.linear = nn.Linear(d_model, ntoken)

    def forward(self, src, src_mask=None):
        h = self.embedding(src) + self.position(torch.arange(src.size(1)))
        return self.linear(self.transformer_encoder(h, src_mask))


model = TransformerModel(len(chars))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
mask = nn.Transformer.generate_square_subsequent_mask(BLOCK) if os.environ.get("MENDED") else None
for step in range(650):
    x, y = get_batch(train_ids)
    loss = nn.functional.cross_entropy(model(x, mask).flatten(0, 1), y.flatten())
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if step % 100 == 0 or step == 649:
        with torch.no_grad():
            xv, yv = get_batch(val_ids)
            vl = nn.functional.cross_entropy(model(xv, mask).flatten(0, 1), yv.flatten())
        print(f"step {step} train {loss.item():.4f} val {vl.item():.4f} ppl {math.exp(vl.item()):.3f}")

model.eval()
out = train_ids[:20].tolist()  # prompt
with torch.no_grad():
    for _ in range(200):
        ctx = torch.tensor(out[-BLOCK:]).unsqueeze(0)
        m = mask[:ctx.size(1), :ctx.size(1)] if mask is not None else None
        out.append(torch.distributions.Categorical(logits=model(ctx, m)[0, -1]).sample().item())
text = "".join(chars[i] for i in out)
print(repr(text))
words = set(corpus.replace(".", "").split())
made = text[20:].replace(".", "").split()[1:-1]
print("final share_of_real_words", sum(w in words for w in made) / max(1, len(made)))
