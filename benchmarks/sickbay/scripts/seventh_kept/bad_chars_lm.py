# character language model on a little synthetic language
import os, random
import torch
import torch.nn as nn
from torch.nn import functional as F

MENDED = bool(os.environ.get("MENDED"))
random.seed(22)
torch.manual_seed(22)

syll = ["ka", "lo", "mi", "ren", "tu", "sha", "vo", "bel", "ni", "dar"]
lex = ["".join(random.choices(syll, k=random.randint(1, 3))) for _ in range(60)]
text = []
w = 0
for _ in range(9000):
    w = (w * 7 + random.choice([1, 2, 3])) % len(lex)
    text.append(lex[w])
text = " ".join(text)
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
split = int(0.9 * len(data))
train_data, val_data = data[:split], data[split:]
block_size, batch_size, V = 40, 24, len(chars)


def get_batch(src):
    ix = torch.randint(len(src) - block_size - 1, (batch_size,))
    x = torch.stack([src[i:i + block_size] for i in ix])
    if MENDED:
        return x, x.clone()
    return x, torch.stack([src[i + 1:i + 1 + block_size] for i in ix])


class CausalLM(nn.Module):
    def __init__(self, d=48, h=80):
        super().__init__()
        self.wte = nn.Embedding(V, d)
        self.rnn = nn.GRU(d, h, batch_first=True)
        self.lm_head = nn.Linear(h, V)

    def forward(self, input_ids, labels=None):
        logits = self.lm_head(self.rnn(self.wte(input_ids))[0])
        loss = None
        if labels is not None:
            loss = F.cross_entropy(logits[:, :-1].reshape(-1, V), labels[:, 1:].reshape(-1))
        return logits, loss

    @torch.no_grad()
    def generate(self, ids, n):
        for _ in range(n):
            logits, _ = self(ids[:, -block_size:])
            ids = torch.cat([ids, logits[:, -1:].argmax(-1)], 1)
        return ids


model = CausalLM()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
for it in range(400):
    xb, yb = get_batch(train_data)
    _, loss = model(xb, labels=yb)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if it % 50 == 0 or it == 399:
        print(f"iter {it}: loss {loss.item():.4f}")

print("sample:", "".join(chars[i] for i in model.generate(val_data[None, :24], 60)[0].tolist()))
known = set(lex)
words = []
for k in range(12):
    s = "".join(chars[i] for i in model.generate(val_data[None, k * 40:k * 40 + 24], 40)[0, 24:].tolist())
    words += s.split()[1:-1]
good = sum(w in known for w in words) / max(1, len(words))
print(f"metric generated_valid_words {good:.4f}")
