"""Small language model with tied input and output embeddings, accumulated gradients, warm-up and decay to zero."""
import math
import random
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(35)
random.seed(35)
V, T, MICRO, ACCUM = 30, 24, 8, 4
g = torch.Generator().manual_seed(1)
table = torch.randn(V, V, V, generator=g).mul(2.0).softmax(-1)


def batch(n):
    s = torch.randint(0, V, (n, T + 1))
    for t in range(2, T + 1):
        s[:, t] = torch.multinomial(table[s[:, t - 2] // 10, s[:, t - 1]], 1).squeeze(1)
    return s[:, :-1], s[:, 1:]


class Layer(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h = h
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.o = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, 3 * d), nn.Linear(3 * d, d)

    def forward(self, x):
        B, L, D = x.shape
        q, k, v = (a.view(B, L, self.h, -1).transpose(1, 2) for a in self.qkv(self.n1(x)).chunk(3, -1))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, L, D)
        x = x + self.o(a)
        return x + self.down(F.gelu(self.up(self.n2(x))))


class LM(nn.Module):
    def __init__(self, d=40):
        super().__init__()
        self.tok, self.pos = nn.Embedding(V, d), nn.Embedding(T, d)
        self.layers = nn.Sequential(Layer(d, 4), Layer(d, 4))
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, V, bias=False)
        self.head.weight = self.tok.weight
        nn.init.normal_(self.tok.weight, std=0.1)
        nn.init.normal_(self.pos.weight, std=0.02)

    def forward(self, ids):
        x = self.tok(ids) + self.pos(torch.arange(ids.shape[1]))
        return self.head(self.norm(self.layers(x)))


model = LM()
decay = [p for p in model.parameters() if p.dim() > 1]
plain = [p for p in model.parameters() if p.dim() <= 1]
opt = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}],
                        lr=4e-3, betas=(0.9, 0.95))
UPDATES, WARM = 350, 60


def rate(u):
    if u < WARM:
        return (u + 1) / WARM
    return 0.5 * (1 + math.cos(math.pi * (u - WARM) / (UPDATES - WARM)))


sched = torch.optim.lr_scheduler.LambdaLR(opt, rate)
val = batch(200)
opt.zero_grad()
for micro in range(UPDATES * ACCUM):
    ids, nxt = batch(MICRO)
    loss = F.cross_entropy(model(ids).reshape(-1, V), nxt.reshape(-1))
    (loss / ACCUM).backward()
    if (micro + 1) % ACCUM:
        continue
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    sched.step()
    opt.zero_grad()
    update = (micro + 1) // ACCUM
    if update % 35 == 0:
        with torch.no_grad():
            v = F.cross_entropy(model(val[0]).reshape(-1, V), val[1].reshape(-1)).item()
        print(f"update {update} lr {sched.get_last_lr()[0]:.2e} loss {loss.item():.4f} val loss {v:.4f} (log V {math.log(V):.3f})")

print(f"metric val_loss {v:.4f}")
