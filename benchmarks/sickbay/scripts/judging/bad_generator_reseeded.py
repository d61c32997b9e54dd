"""A get_batch function that seeds itself 'for reproducibility' and so draws the same rows each time."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1)
V, T = 15, 8
P = torch.softmax(2 * torch.randn(V, V), -1)
s = [0]
for _ in range(6000):
    s.append(int(torch.multinomial(P[s[-1]], 1)))
corpus = torch.tensor(s)
train_data, val_data = corpus[:5000], corpus[5000:]


def get_batch(split, batch_size=16):
    data = train_data if split == "train" else val_data
    if not os.environ.get("MENDED"):
        torch.manual_seed(42)
    ix = torch.randint(len(data) - T - 1, (batch_size,))
    return torch.stack([data[i : i + T] for i in ix]), torch.stack([data[i + 1 : i + T + 1] for i in ix])


class MLPLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, 16)
        self.net = nn.Sequential(nn.Linear(16, 128), nn.ReLU(), nn.Linear(128, V))

    def forward(self, x):
        return self.net(self.emb(x))


model = MLPLM()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
for it in range(600):
    x, y = get_batch("train")
    loss = F.cross_entropy(model(x).view(-1, V), y.view(-1))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 150 == 0:
        print(it, loss.item())
x, y = get_batch("val", 300)
print("final val_loss", F.cross_entropy(model(x).view(-1, V), y.view(-1)).item())
