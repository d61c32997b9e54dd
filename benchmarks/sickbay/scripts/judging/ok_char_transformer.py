"""A nanoGPT-like character Transformer with causal mask, warm-up, cosine decay and clipping."""
import argparse
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

p = argparse.ArgumentParser()
p.add_argument("--max-iters", type=int, default=350)
p.add_argument("--block-size", type=int, default=32)
p.add_argument("--n-embd", type=int, default=32)
args = p.parse_args()
torch.manual_seed(1337)
text = ("when the night is dark and the moon is low the fox goes out on the fallen snow\n"
        "when the day is bright and the sun is high the hawk goes up in the open sky\n") * 20
chars = sorted(set(text))
data = torch.tensor([chars.index(c) for c in text])
V, T, C = len(chars), args.block_size, args.n_embd


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(C), nn.LayerNorm(C)
        self.qkv, self.proj = nn.Linear(C, 3 * C, bias=False), nn.Linear(C, C, bias=False)
        self.mlp = nn.Sequential(nn.Linear(C, 4 * C), nn.GELU(), nn.Linear(4 * C, C), nn.Dropout(0.1))

    def forward(self, x):
        B, t, _ = x.shape
        q, k, v = (z.view(B, t, 4, -1).transpose(1, 2) for z in self.qkv(self.ln1(x)).chunk(3, -1))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(a.transpose(1, 2).reshape(B, t, C))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(V, C), nn.Embedding(T, C)
        self.h = nn.ModuleList(Block() for _ in range(2))
        self.ln_f, self.lm_head = nn.LayerNorm(C), nn.Linear(C, V, bias=False)
        self.wte.weight = self.lm_head.weight
        self.apply(lambda m: nn.init.normal_(m.weight, 0, 0.02) if isinstance(m, (nn.Linear, nn.Embedding)) else None)

    def forward(self, idx, targets=None):
        x = self.wte(idx) + self.wpe(torch.arange(idx.size(1)))
        for b in self.h:
            x = b(x)
        logits = self.lm_head(self.ln_f(x))
        return logits, None if targets is None else F.cross_entropy(logits.view(-1, V), targets.view(-1))


def lr_at(it):
    if it < 20:
        return 3e-3 * (it + 1) / 20
    return 3e-4 + 0.5 * 2.7e-3 * (1 + math.cos(math.pi * (it - 20) / (args.max_iters - 20)))


model = GPT()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0.1)
for it in range(args.max_iters):
    for g in opt.param_groups:
        g["lr"] = lr_at(it)
    ix = torch.randint(len(data) - T - 1, (16,))
    x, y = (torch.stack([data[i + o : i + o + T] for i in ix]) for o in (0, 1))
    _, loss = model(x, y)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    if it % 70 == 0:
        print(f"iter {it}: loss {loss.item():.4f}")
print("final loss", loss.item())
