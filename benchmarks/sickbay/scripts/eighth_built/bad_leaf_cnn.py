"""Leaf disease classification from small colour pictures with a CNN."""
import os
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import Dataset, DataLoader, random_split

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(5)


class LeafPictures(Dataset):
    """Green ovals with spots, streaks or a pale rim; 4 classes."""

    def __init__(self, n, size=24):
        g = torch.Generator().manual_seed(99)
        yy, xx = torch.meshgrid(torch.linspace(-1, 1, size), torch.linspace(-1, 1, size), indexing="ij")
        self.images, self.labels = [], []
        for _ in range(n):
            c = int(torch.randint(0, 4, (1,), generator=g))
            r = torch.rand(8, generator=g)
            cx, cy = (r[0] - 0.5) * 0.3, (r[1] - 0.5) * 0.3
            rad = ((xx - cx) / (0.55 + 0.2 * r[2])) ** 2 + ((yy - cy) / (0.7 + 0.2 * r[3])) ** 2
            leaf = (rad < 1).float()
            img = torch.stack([0.2 * leaf, (0.5 + 0.2 * r[4]) * leaf, 0.15 * leaf])
            if c == 1:
                for _ in range(4):
                    p = torch.rand(2, generator=g) - 0.5
                    spot = (((xx - p[0]) ** 2 + (yy - p[1]) ** 2) < 0.02).float() * leaf
                    img[0] += 0.35 * spot
            elif c == 2:
                img[0] += 0.25 * leaf * (torch.sin(14 * (xx + yy) + 6 * r[5]) > 0.6)
            elif c == 3:
                img[0] += 0.3 * leaf * (rad > 0.7)
            img += 0.12 * torch.randn(3, size, size, generator=g)
            self.images.append(img)
            self.labels.append(c)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.images[i], self.labels[i]


def conv_block(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU())


class LeafNet(nn.Module):
    def __init__(self, num_classes=4):
        super().__init__()
        self.features = nn.Sequential(
            conv_block(3, 16), conv_block(16, 16), nn.MaxPool2d(2),
            conv_block(16, 24), conv_block(24, 24), nn.MaxPool2d(2),
            conv_block(24, 32), conv_block(32, 32), nn.AdaptiveAvgPool2d(1),
        )
        self.classifier = nn.Linear(32, num_classes)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def evaluate(model, loader):
    model.eval()
    correct = total = 0
    with torch.no_grad():
        for images, labels in loader:
            correct += (model(images).argmax(1) == labels).sum().item()
            total += labels.numel()
    if MENDED:
        model.train()
    return correct / total


def train_one_epoch(model, loader, criterion, optimizer):
    total = 0.0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


def main():
    data = LeafPictures(1100)
    train_set, val_set = random_split(data, [880, 220], generator=torch.Generator().manual_seed(0))
    train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=100)
    model = LeafNet()
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    print("accuracy before training: %.3f" % evaluate(model, val_loader))
    for epoch in range(6):
        loss = train_one_epoch(model, train_loader, criterion, optimizer)
        acc = evaluate(model, val_loader)
        print("epoch %d loss %.4f val acc %.3f" % (epoch, loss, acc))
    print("metric val_acc %.4f" % acc)


if __name__ == "__main__":
    main()
