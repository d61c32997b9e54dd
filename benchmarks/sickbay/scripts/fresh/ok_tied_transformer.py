"""A character model as nanoGPT makes it: tied weights at std 0.02, decay only for matrices, warm-up and cosine."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
text = "the quick brown fox jumps over the lazy dog and the cat sat on the mat while it rained in spain . " * 40
chars = sorted(set(text))
ids = torch.tensor([chars.index(c) for c in text])
V, T, D, H = len(chars), 32, 48, 4


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.qkv, self.proj = nn.Linear(D, 3 * D, bias=False), nn.Linear(D, D, bias=False)
        self.mlp = nn.Sequential(nn.Linear(D, 4 * D), nn.GELU(), nn.Linear(4 * D, D), nn.Dropout(0.1))

    def forward(self, x):
        q, k, v = (z.view(*x.shape[:2], H, D // H).transpose(1, 2) for z in self.qkv(self.n1(x)).split(D, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(x.shape))
        return x + self.mlp(self.n2(x))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(V, D), nn.Embedding(T, D)
        self.blocks, self.norm = nn.ModuleList([Block(), Block()]), nn.LayerNorm(D)
        self.head = nn.Linear(D, V, bias=False)
        self.apply(self.start)
        self.wte.weight = self.head.weight

    @staticmethod
    def start(m):
        if isinstance(m, nn.Linear | nn.Embedding):
            nn.init.normal_(m.weight, std=0.02)
            if getattr(m, "bias", None) is not None:
                nn.init.zeros_(m.bias)

    def forward(self, x):
        h = self.wte(x) + self.wpe(torch.arange(x.shape[1]))
        for block in self.blocks:
            h = block(h)
        return self.head(self.norm(h))


net = GPT()
groups = [{"params": [p for p in net.parameters() if p.dim() > 1], "weight_decay": 0.1},
          {"params": [p for p in net.parameters() if p.dim() < 2], "weight_decay": 0.0}]
opt = torch.optim.AdamW(groups, lr=3e-3, betas=(0.9, 0.95))
for step in range(300):
    rate = 3e-3 * min(1, (step + 1) / 30) * (0.1 + 0.45 * (1 + math.cos(math.pi * step / 300)))
    for g in opt.param_groups:
        g["lr"] = rate
    ix = torch.randint(len(ids) - T - 1, (16,))
    x, y = torch.stack([ids[i : i + T] for i in ix]), torch.stack([ids[i + 1 : i + T + 1] for i in ix])
    loss = F.cross_entropy(net(x).view(-1, V), y.view(-1))
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    if step % 60 == 0:
        print(step, loss.item())
