"""A regression on a table sorted by price; batches of neighbours, never shuffled."""
import os
import torch

torch.manual_seed(3)
X = torch.randn(1600, 6)
y = X[:, 0] * 2 + torch.sin(2 * X[:, 1]) + X[:, 2] * X[:, 3]
held = (X[1200:], y[1200:])
order = y[:1200].argsort()
X, y = X[:1200][order], y[:1200][order]
mlp = torch.nn.Sequential(torch.nn.Linear(6, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))
optim = torch.optim.SGD(mlp.parameters(), lr=0.01, momentum=0.9)


def batches(size=24):
    index = torch.randperm(len(X)) if os.environ.get("MENDED") else torch.arange(len(X))
    for k in range(0, len(X), size):
        yield X[index[k : k + size]], y[index[k : k + size]]


for epoch in range(20):
    for xb, yb in batches():
        loss = (mlp(xb).squeeze(1) - yb).pow(2).mean()
        optim.zero_grad()
        loss.backward()
        optim.step()
    with torch.no_grad():
        val = (mlp(held[0]).squeeze(1) - held[1]).pow(2).mean().item()
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1}: last batch {loss.item():.3f}, held out {val:.3f}")
print("final val_mse", val)
