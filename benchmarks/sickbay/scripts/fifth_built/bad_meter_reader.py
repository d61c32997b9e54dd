"""Read digit-like glyphs from meter photos with a small residual network and a step schedule."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, Dataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(99)
GLYPHS = (torch.rand(10, 7, 5, generator=torch.Generator().manual_seed(3)) > 0.5).float()


class MeterDigits(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.labels = torch.randint(0, 10, (n,), generator=g)
        self.images = 0.7 * torch.randn(n, 1, 14, 14, generator=g)
        pos = torch.randint(2, 6, (n, 2), generator=g)
        for i in range(n):
            r, c = pos[i].tolist()
            self.images[i, 0, r:r + 7, c:c + 5] += 1.5 * GLYPHS[self.labels[i]]

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.images[i], self.labels[i]


class ResBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(c, c, 3, padding=1), nn.Conv2d(c, c, 3, padding=1)
        self.b1, self.b2 = nn.BatchNorm2d(c), nn.BatchNorm2d(c)

    def forward(self, x):
        h = F.relu(self.b1(self.c1(x)))
        return F.relu(x + self.b2(self.c2(h)))


class MeterNet(nn.Module):
    def __init__(self, c=12):
        super().__init__()
        self.stem = nn.Conv2d(1, c, 5, padding=2)
        self.blocks = nn.Sequential(ResBlock(c), nn.MaxPool2d(2), ResBlock(c))
        self.fc = nn.Linear(c * 49, 10)

    def forward(self, x):
        return self.fc(self.blocks(F.relu(self.stem(x))).flatten(1))


def train(model, loader, optimizer, scheduler, epoch):
    model.train()
    total = 0.0
    for batch_idx, (data, target) in enumerate(loader):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(data), target)
        loss.backward()
        optimizer.step()
        if not MENDED:
            scheduler.step()
        total += loss.item()
    if MENDED:
        scheduler.step()
    return total / len(loader)


def test(model, loader):
    model.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for data, target in loader:
            output = model(data)
            loss += F.cross_entropy(output, target, reduction="sum").item()
            correct += (output.argmax(1) == target).sum().item()
    return loss / len(loader.dataset), correct / len(loader.dataset)


train_loader = DataLoader(MeterDigits(3000, 1), batch_size=64, shuffle=True)
test_loader = DataLoader(MeterDigits(1000, 2), batch_size=250)
model = MeterNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
scheduler = StepLR(optimizer, step_size=4, gamma=0.5)
for epoch in range(1, 13):
    tr = train(model, train_loader, optimizer, scheduler, epoch)
    test_loss, acc = test(model, test_loader)
    print("Train Epoch: {} loss: {:.4f} accuracy: {:.1f}% test_loss {:.4f}".format(epoch, tr, 100 * acc, test_loss))
