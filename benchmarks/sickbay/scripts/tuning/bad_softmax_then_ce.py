"""An image net that ends in nn.Softmax and is trained with CrossEntropyLoss."""
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
proto = torch.randn(10, 1, 8, 8)
y = torch.randint(0, 10, (1500,))
x = proto[y] + 1.5 * torch.randn(1500, 1, 8, 8)
loader = DataLoader(TensorDataset(x[:1200], y[:1200]), batch_size=64, shuffle=True)


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 3, padding=1)
        self.fc = nn.Linear(16 * 16, 10)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.conv(x)), 2).flatten(1)
        x = self.fc(x)
        return x if os.environ.get("MENDED") else self.softmax(x)


model = CNN()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
criterion = nn.CrossEntropyLoss()
for epoch in range(8):
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
    print(f"Epoch {epoch + 1}: {loss.item():.4f}")
with torch.no_grad():
    out = model(x[1200:])
    ce = nn.functional.nll_loss((out if not os.environ.get("MENDED") else out.softmax(1)).log(), y[1200:])
print("final val_nll", ce.item())
