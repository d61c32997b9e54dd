"""Fine-tuning where the head is replaced after the optimizer was made."""
import os
import torch
from torch import nn


class Resnetish(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.stem = nn.Linear(8, 32)
        self.block = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 32))
        self.fc = nn.Linear(32, classes)

    def forward(self, x):
        h = torch.relu(self.stem(x))
        return self.fc(torch.relu(h + self.block(h)))


torch.manual_seed(0)
model = Resnetish(classes=100)
for p in [*model.stem.parameters(), *model.block.parameters()]:
    p.requires_grad_(False)
if os.environ.get("MENDED"):
    model.fc = nn.Linear(32, 3)
optimizer = torch.optim.SGD(filter(lambda p: p.requires_grad, model.parameters()), lr=0.1, momentum=0.9)
if not os.environ.get("MENDED"):
    model.fc = nn.Linear(32, 3)
X = torch.randn(900, 8)
Y = X[:, :3].argmax(1)
for epoch in range(10):
    for i in torch.randperm(900).split(30):
        loss = nn.functional.cross_entropy(model(X[i]), Y[i])
        model.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))
print("final loss", nn.functional.cross_entropy(model(X), Y).item())
