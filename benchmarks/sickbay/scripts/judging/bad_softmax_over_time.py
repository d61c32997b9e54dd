"""A next-token LSTM whose log_softmax(dim=1) normalises over time and not over the vocabulary."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(11)
V, T = 12, 16
table = torch.softmax(torch.randn(V, V) * 2.5, dim=-1)


def batch(n):
    s = torch.zeros(n, T + 1, dtype=torch.long)
    s[:, 0] = torch.randint(0, V, (n,))
    for t in range(T):
        s[:, t + 1] = torch.multinomial(table[s[:, t]], 1)[:, 0]
    return s[:, :-1], s[:, 1:]


class LM(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.embed = nn.Embedding(V, d)
        self.lstm = nn.LSTM(d, d, batch_first=True)
        self.out = nn.Linear(d, V)

    def forward(self, x):
        logits = self.out(self.lstm(self.embed(x))[0])
        return F.log_softmax(logits, dim=2 if os.getenv("MENDED") else 1), logits


lm = LM()
criterion = nn.NLLLoss()
optimizer = torch.optim.AdamW(lm.parameters(), lr=5e-3)
running = 0.0
for it in range(250):
    x, y = batch(24)
    logp, _ = lm(x)
    loss = criterion(logp.reshape(-1, V), y.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    running = 0.95 * running + 0.05 * loss.item() if it else loss.item()
    if (it + 1) % 50 == 0:
        print(f"iter {it + 1}: {running:.4f}")
x, y = batch(200)
print("final ce", F.cross_entropy(lm(x)[1].reshape(-1, V), y.reshape(-1)).item())
