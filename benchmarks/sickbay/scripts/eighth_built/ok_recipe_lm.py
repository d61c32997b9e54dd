"""Tiny decoder-only language model on recipe instructions: tied embeddings, warm-up from zero, label smoothing."""
import math
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(70)
torch.manual_seed(70)
TOOLS = {"chop": "knife", "boil": "pot", "fry": "pan", "bake": "oven", "whisk": "bowl", "grill": "rack"}
FOODS = ["onion", "egg", "fish", "bread", "carrot", "cream", "rice", "apple"]


def recipe():
    toks = []
    for _ in range(6):
        verb, food = random.choice(list(TOOLS)), random.choice(FOODS)
        toks += [verb, "the", food, "with", "the", TOOLS[verb], "then", "taste", "the", food, ";"]
    return toks


words = sorted({w for _ in range(200) for w in recipe()})
ids = {w: i for i, w in enumerate(words)}
V, D, T, B = len(words), 48, 44, 16


def batch(n=B):
    rows = torch.tensor([[ids[w] for w in recipe()][: T + 1] for _ in range(n)])
    return rows[:, :-1], rows[:, 1:]


class Decoder(nn.Module):
    def __init__(self, layers=2, heads=4):
        super().__init__()
        self.embed = nn.Embedding(V, D)
        nn.init.normal_(self.embed.weight, std=0.05)
        self.pos = nn.Parameter(0.02 * torch.randn(T, D))
        layer = nn.TransformerEncoderLayer(D, heads, 3 * D, 0.0, activation="gelu", batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(D), enable_nested_tensor=False)
        self.lm_head = nn.Linear(D, V, bias=False)
        self.lm_head.weight = self.embed.weight
        self.register_buffer("causal", nn.Transformer.generate_square_subsequent_mask(T))

    def forward(self, x):
        h = self.embed(x) * math.sqrt(D) + self.pos[: x.size(1)]
        return self.lm_head(self.body(h, mask=self.causal, is_causal=True))


model = Decoder()
opt = torch.optim.AdamW(model.parameters(), lr=5e-3, betas=(0.9, 0.95), weight_decay=0.01)
STEPS, WARM = 300, 40
schedule = torch.optim.lr_scheduler.LambdaLR(
    opt, lambda s: s / WARM if s < WARM else 0.5 * (1 + math.cos(math.pi * (s - WARM) / (STEPS - WARM)))
)
smooth = nn.CrossEntropyLoss(label_smoothing=0.1)

for step in range(STEPS):
    x, y = batch()
    loss = smooth(model(x).flatten(0, 1), y.flatten())
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    schedule.step()
    if step % 50 == 0:
        print(f"step {step:3d} lr {schedule.get_last_lr()[0]:.5f} smoothed loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    x, y = batch(64)
    pred = model(x).argmax(-1)
forced = torch.zeros_like(y, dtype=torch.bool)
for k in range(T):
    if (k + 1) % 11 not in (0, 2):
        forced[:, k] = True
acc = (pred == y)[forced].float().mean().item()
print("perplexity of the whole:", round(F.cross_entropy(model(x).flatten(0, 1), y.flatten()).exp().item(), 3))
print(f"metric determined_token_acc {acc:.4f}")
