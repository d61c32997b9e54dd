"""A tiny GPT on a made-up language: sentences like 'the red cat eats nine figs .'"""
import random
import torch
import torch.nn as nn
import torch.nn.functional as F

BLOCK, DIM, HEADS, LAYERS = 48, 64, 4, 2
random.seed(5); torch.manual_seed(5)

DET = ["the", "a", "my"]
ADJ = ["red", "old", "tiny", "sad"]
NOUN = ["cat", "dog", "fox", "owl"]
VERB = ["eats", "sees", "hides"]
NUM = ["two", "six", "nine"]
OBJ = ["figs", "nuts", "pears"]


def sentence():
    return " ".join(random.choice(w) for w in (DET, ADJ, NOUN, VERB, NUM, OBJ)) + " . "


text = "".join(sentence() for _ in range(4000))
vocabulary = set(w for l in (DET, ADJ, NOUN, VERB, NUM, OBJ) for w in l) | {"."}
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
train_data, val_data = data[:-8000], data[-8000:]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(DIM, 3 * DIM)
        self.proj = nn.Linear(DIM, DIM)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, HEADS, C // HEADS).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        att = F.softmax(q @ k.transpose(-2, -1) / (C // HEADS) ** 0.5, dim=-1)
        return self.proj((att @ v).transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(DIM), nn.LayerNorm(DIM)
        self.attn = Attention()
        self.mlp = nn.Sequential(nn.Linear(DIM, 4 * DIM), nn.GELU(), nn.Linear(4 * DIM, DIM))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos = nn.Embedding(len(chars), DIM), nn.Embedding(BLOCK, DIM)
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.ln, self.head = nn.LayerNorm(DIM), nn.Linear(DIM, len(chars))

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.size(1)))
        return self.head(self.ln(self.blocks(x)))

    @torch.no_grad()
    def generate(self, n):
        idx = torch.tensor([[stoi["."], stoi[" "]]])
        for _ in range(n):
            p = F.softmax(self(idx[:, -BLOCK:])[:, -1], -1)
            idx = torch.cat([idx, torch.multinomial(p, 1)], 1)
        return "".join(chars[i] for i in idx[0].tolist())


def get_batch(d, bs=24):
    ix = torch.randint(len(d) - BLOCK - 1, (bs,)).tolist()
    return torch.stack([d[i:i + BLOCK] for i in ix]), torch.stack([d[i + 1:i + 1 + BLOCK] for i in ix])


model = GPT()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
for step in range(501):
    xb, yb = get_batch(train_data)
    loss = F.cross_entropy(model(xb).view(-1, len(chars)), yb.view(-1))
    opt.zero_grad(); loss.backward(); opt.step()
    if step % 100 == 0:
        with torch.no_grad():
            xv, yv = get_batch(val_data, 64)
            vl = F.cross_entropy(model(xv).view(-1, len(chars)), yv.view(-1))
        print(f"step {step} train {loss.item():.4f} val {vl.item():.4f}")
sample = model.generate(300)
words = sample.split()[:-1]
print(sample[:200])
print("real words in the sample: %.2f" % (sum(w in vocabulary for w in words) / max(1, len(words))))
