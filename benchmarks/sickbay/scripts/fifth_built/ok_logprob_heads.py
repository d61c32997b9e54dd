"""Mixture of three label experts: the net gives log-probabilities, and CrossEntropyLoss is fed with these.

log_softmax of normalised log-probabilities is the identity, so the loss is the plain negative log-likelihood.
"""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(54)
CLASSES, DIM = 7, 20
rot = [torch.linalg.qr(torch.randn(DIM, DIM))[0] for _ in range(3)]
cent = torch.randn(CLASSES, DIM) * 1.3


def draw(n):
    y = torch.randint(0, CLASSES, (n,))
    site = torch.randint(0, 3, (n,))
    x = cent[y] + torch.randn(n, DIM)
    x = torch.stack([v @ rot[int(s)] for v, s in zip(x, site)])
    return torch.cat([x, nn.functional.one_hot(site, 3).float()], 1), y


class MixtureOfSoftmax(nn.Module):
    def __init__(self, k=3):
        super().__init__()
        self.gate = nn.Linear(DIM + 3, k)
        self.experts = nn.ModuleList([nn.Sequential(nn.Linear(DIM + 3, 32), nn.ReLU(), nn.Linear(32, CLASSES)) for _ in range(k)])

    def forward(self, x):
        log_gate = torch.log_softmax(self.gate(x), -1)
        log_p = torch.stack([torch.log_softmax(e(x), -1) for e in self.experts], 1)
        return torch.logsumexp(log_gate.unsqueeze(-1) + log_p, 1)


train_loader = DataLoader(TensorDataset(*draw(5000)), batch_size=64, shuffle=True)
test_x, test_y = draw(1500)
model = MixtureOfSoftmax()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
ce = nn.CrossEntropyLoss()
for epoch in range(30):
    model.train()
    total = 0.0
    for x, y in train_loader:
        loss = ce(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    if epoch % 3 == 2:
        model.eval()
        with torch.no_grad():
            out = model(test_x)
        print(f"epoch {epoch + 1} loss {total / len(train_loader):.4f} acc {(out.argmax(1) == test_y).float().mean():.3f} "
              f"test_loss {ce(out, test_y).item():.4f}")
