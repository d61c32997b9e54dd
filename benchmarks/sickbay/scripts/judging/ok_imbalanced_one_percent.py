"""Fraud of one percent with pos_weight; recall and precision printed."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
N = 10000
X = torch.randn(N, 8)
score = X[:, 0] * 1.5 + X[:, 1] * X[:, 2] + 0.3 * torch.randn(N)
Y = (score > score.quantile(0.99)).float()
train = DataLoader(TensorDataset(X[:8000], Y[:8000]), batch_size=200, shuffle=True)
model = nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1))
crit = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(20.0))
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(12):
    model.train()
    for x, y in train:
        loss = crit(model(x).squeeze(1), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        hit = model(X[8000:]).squeeze(1) > 0
        recall = (hit & (Y[8000:] > 0)).sum() / Y[8000:].sum()
    print(f"epoch {epoch} loss {loss.item():.4f} recall {recall:.2f} flagged {hit.sum().item()}")
print("final recall", recall.item())
