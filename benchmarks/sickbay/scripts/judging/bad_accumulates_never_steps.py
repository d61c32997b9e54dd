"""Gradient accumulation whose 'every 8th micro-batch' test starts anew in each epoch of 5 batches."""
import os
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Trainer:
    def __init__(self, model, loader, accumulate):
        self.model, self.loader, self.accumulate = model, loader, accumulate
        self.optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
        self.seen = 0

    def fit(self, epochs):
        for epoch in range(epochs):
            total = 0.0
            if not os.environ.get("MENDED"):
                self.seen = 0
            for xb, yb in self.loader:
                self.seen += 1
                loss = nn.functional.mse_loss(self.model(xb), yb) / self.accumulate
                loss.backward()
                total += loss.item() * self.accumulate
                if self.seen % self.accumulate == 0:
                    self.optimizer.step()
                    self.optimizer.zero_grad()
            if epoch % 40 == 0:
                print(f"epoch {epoch}: {total / len(self.loader):.4f}")
        return total / len(self.loader)


torch.manual_seed(12)
x = torch.randn(200, 6)
y = (x[:, :3].prod(1) + x[:, 3] * 2).unsqueeze(1)
net = nn.Sequential(nn.Linear(6, 40), nn.GELU(), nn.Linear(40, 1))
loader = DataLoader(TensorDataset(x, y), batch_size=40, shuffle=True)
print("final loss", Trainer(net, loader, accumulate=8).fit(240))
