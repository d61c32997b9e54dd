# minimal GPT on call signs: the first two letters are free, all further ones follow a fixed codebook.
# Loss becomes tiny very fast, but what it writes is nonsense.
import os, math, random
from dataclasses import dataclass
import torch, torch.nn as nn, torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(0); random.seed(0)


@dataclass
class Cfg:
    vocab: str = "abcdefgh"
    length: int = 14
    d: int = 48
    heads: int = 4
    layers: int = 2
    lr: float = 2e-3
    steps: int = 320
    bs: int = 64


cfg = Cfg()
book = torch.randint(len(cfg.vocab), (len(cfg.vocab), len(cfg.vocab)))


def batch(n):
    x = torch.randint(len(cfg.vocab), (n, 2))
    for _ in range(cfg.length - 2):
        x = torch.cat([x, book[x[:, -2], x[:, -1]][:, None]], 1)
    return x


class Attn(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(cfg.d, 3 * cfg.d)
        self.proj = nn.Linear(cfg.d, cfg.d)

    def forward(self, x, bias=None):
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, cfg.heads, C // cfg.heads).permute(2, 0, 3, 1, 4)
        a = q @ k.transpose(-1, -2) / math.sqrt(C // cfg.heads)
        if bias is not None:
            a = a + bias
        return self.proj((a.softmax(-1) @ v).transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2, self.at = nn.LayerNorm(cfg.d), nn.LayerNorm(cfg.d), Attn()
        self.ff = nn.Sequential(nn.Linear(cfg.d, 4 * cfg.d), nn.GELU(), nn.Linear(4 * cfg.d, cfg.d))

    def forward(self, x, bias):
        x = x + self.at(self.n1(x), bias)
        return x + self.ff(self.n2(x))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos = nn.Embedding(len(cfg.vocab), cfg.d), nn.Embedding(32, cfg.d)
        self.blocks = nn.ModuleList(Block() for _ in range(cfg.layers))
        self.norm, self.head = nn.LayerNorm(cfg.d), nn.Linear(cfg.d, len(cfg.vocab))

    def forward(self, idx):
        T = idx.size(1)
        x = self.tok(idx) + self.pos(torch.arange(T))
        bias = torch.full((T, T), float("-inf")).triu(1) if MENDED else None
        for b in self.blocks:
            x = b(x, bias)
        return self.head(self.norm(x))


gpt = GPT()
opt = torch.optim.AdamW(gpt.parameters(), lr=cfg.lr)
val = batch(200)
for step in range(cfg.steps):
    xb = batch(cfg.bs)
    logits = gpt(xb[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), xb[:, 1:].flatten())
    opt.zero_grad(); loss.backward(); opt.step()
    if step % 100 == 0 or step == cfg.steps - 1:
        with torch.no_grad():
            vl = F.cross_entropy(gpt(val[:, :-1]).flatten(0, 1), val[:, 1:].flatten())
        print(f"step {step}: train {loss.item():.4f} val {vl.item():.4f}")


@torch.no_grad()
def write(prompt, n):
    for _ in range(n):
        prompt = torch.cat([prompt, gpt(prompt)[:, -1].argmax(-1, keepdim=True)], 1)
    return prompt


out = write(val[:, :2], cfg.length - 2)
for o in out[:4]:
    print("".join(cfg.vocab[i] for i in o))
acc = (out[:, 2:] == val[:, 2:]).float().mean().item()
print(f"metric gen_char_acc {acc:.4f}")
