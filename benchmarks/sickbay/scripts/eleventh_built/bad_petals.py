"""Sixty flower species from 24 measurements."""
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(17)
K = 60
proto = torch.randn(K, 24)


def flowers(n):
    y = torch.randint(0, K, (n,))
    return proto[y] + 0.6 * torch.randn(n, 24), y


class FlowerNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(24, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, K)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        x = self.fc3(x)
        if MENDED:
            return x
        return torch.softmax(x, dim=1)


train_loader = DataLoader(TensorDataset(*flowers(2000)), batch_size=50, shuffle=True)
xv, yv = flowers(1000)
net = FlowerNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9)
for epoch in range(8):
    running_loss = 0.0
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(inputs), labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    with torch.no_grad():
        acc = (net(xv).argmax(1) == yv).float().mean().item()
    print(f"[{epoch + 1}] loss: {running_loss / len(train_loader):.3f}  val accuracy: {acc:.3f}")
print("metric val_acc", round(acc, 4))
