# tiny decoder-only language model on a made-up syllable language
import math, os
import torch, torch.nn as nn, torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(5)
VOCAB, CTX, D = 16, 16, 32
table = torch.randint(0, VOCAB, (VOCAB, VOCAB))


def text(n):
    out = torch.randint(0, VOCAB, (n, CTX + 1))
    for t in range(2, CTX + 1):
        nxt = table[out[:, t - 2], out[:, t - 1]]
        noise = torch.rand(n) < 0.05
        out[:, t] = torch.where(noise, out[:, t], nxt)
    return out


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.qkv, self.proj = nn.Linear(D, 3 * D), nn.Linear(D, D)
        self.mlp = nn.Sequential(nn.Linear(D, 4 * D), nn.GELU(), nn.Linear(4 * D, D))

    def forward(self, x):
        B, T, _ = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(B, T, 3, 4, D // 4).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=MENDED)
        x = x + self.proj(a.transpose(1, 2).reshape(B, T, D))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(VOCAB, D), nn.Embedding(CTX, D)
        self.blocks = nn.Sequential(Block(), Block())
        self.ln, self.head = nn.LayerNorm(D), nn.Linear(D, VOCAB)

    def forward(self, idx):
        h = self.wte(idx) + self.wpe(torch.arange(idx.shape[1]))
        return self.head(self.ln(self.blocks(h)))


train, val = text(6000), text(200)
gpt = GPT()
opt = torch.optim.AdamW(gpt.parameters(), lr=4e-3)
for it in range(400):
    b = train[torch.randint(0, len(train), (32,))]
    logits = gpt(b[:, :-1])
    loss = F.cross_entropy(logits.reshape(-1, VOCAB), b[:, 1:].reshape(-1))
    opt.zero_grad(set_to_none=True); loss.backward(); opt.step()
    if it % 50 == 0 or it == 399:
        with torch.no_grad():
            vl = F.cross_entropy(gpt(val[:, :-1]).reshape(-1, VOCAB), val[:, 1:].reshape(-1))
        print(f"iter {it}: train loss {loss.item():.4f}, val loss {vl.item():.4f}")
hits = total = 0
with torch.no_grad():
    for t in range(6, CTX):
        nxt = gpt(val[:, :t])[:, -1].argmax(-1)
        hits += (nxt == val[:, t]).sum().item(); total += len(val)
print("metric continuation_acc %.4f" % (hits / total))
