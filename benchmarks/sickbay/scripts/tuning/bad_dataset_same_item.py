"""A Dataset whose __getitem__ ignores its index for the features."""
import os
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Wine(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.y = torch.randint(0, 3, (n,), generator=g)
        means = torch.tensor([[1.0, 0, 2, -1], [0.0, 1, -1, 0], [-1.0, 2, 0, 1]])
        self.x = means[self.y] + torch.randn(n, 4, generator=g)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, idx):
        row = idx if os.environ.get("MENDED") else 0
        return self.x[row], self.y[idx]


def evaluate(model, loader):
    model.eval()
    loss = 0.0
    with torch.no_grad():
        for x, y in loader:
            loss += nn.functional.cross_entropy(model(x), y, reduction="sum").item()
    model.train()
    return loss / len(loader.dataset)


torch.manual_seed(0)
train_loader = DataLoader(Wine(900, 1), batch_size=32, shuffle=True)
test_loader = DataLoader(Wine(300, 2), batch_size=100)
model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 3))
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(12):
    for x, y in train_loader:
        loss = nn.functional.cross_entropy(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch} test loss {evaluate(model, test_loader):.4f}")
print("final test_loss", evaluate(model, test_loader))
