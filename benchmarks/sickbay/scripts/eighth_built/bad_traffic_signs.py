"""Traffic sign recognition with a Trainer class."""
import os
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(14)
PX = 20


def signs(n):
    g = torch.linspace(-1, 1, PX)
    yy, xx = torch.meshgrid(g, g, indexing="ij")
    label = torch.randint(0, 8, (n,))
    shape, inner = label % 4, label // 4
    c = 0.25 * (torch.rand(n, 2, 1, 1) - 0.5)
    y, x = yy - c[:, 0], xx - c[:, 1]
    r = 0.6 + 0.15 * torch.rand(n, 1, 1)
    circle = r - (x ** 2 + y ** 2).sqrt()
    square = r * 0.9 - torch.maximum(x.abs(), y.abs())
    diamond = r * 1.15 - (x.abs() + y.abs())
    tri = torch.minimum(r * 0.75 - y, y + r - 1.7 * x.abs())
    sdf = torch.stack([circle, square, diamond, tri])[shape, torch.arange(n)]
    plate = torch.sigmoid(18 * sdf)
    bar_h = torch.sigmoid(25 * (0.12 - y.abs())) * torch.sigmoid(25 * (0.35 - x.abs()))
    bar_v = torch.sigmoid(25 * (0.12 - x.abs())) * torch.sigmoid(25 * (0.35 - y.abs()))
    mark = torch.where((inner == 0).view(-1, 1, 1), bar_h, bar_v)
    img = torch.stack([plate, plate * (1 - mark), plate * (1 - mark)], 1)
    light = 0.6 + 0.6 * torch.rand(n, 1, 1, 1)
    return img * light + 0.25 * torch.randn(n, 3, PX, PX), label


class SignNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(3, 16, 5, stride=2, padding=2), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        )
        self.fc = nn.Sequential(nn.Flatten(), nn.Linear(32 * 25, 96), nn.ReLU(), nn.Linear(96, 8))

    def forward(self, x):
        return self.fc(self.conv(x))


class Trainer:
    def __init__(self, model, train, val, epochs):
        self.model, self.epochs = model, epochs
        self.train_loader = DataLoader(TensorDataset(*train), 40, shuffle=True)
        self.val_loader = DataLoader(TensorDataset(*val), 200)
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
        self.scheduler = torch.optim.lr_scheduler.StepLR(self.optimizer, step_size=4, gamma=0.3)

    def train_epoch(self):
        self.model.train()
        total = 0
        for img, label in self.train_loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(img), label)
            loss.backward()
            self.optimizer.step()
            if not MENDED:
                self.scheduler.step()
            total += loss.item()
        return total / len(self.train_loader)

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        good = count = 0
        for img, label in self.val_loader:
            good += int((self.model(img).argmax(1) == label).sum())
            count += len(label)
        return good / count

    def run(self):
        acc = 0.0
        for epoch in range(1, self.epochs + 1):
            loss = self.train_epoch()
            acc = self.validate()
            if MENDED:
                self.scheduler.step()
            print(f"[{epoch}/{self.epochs}] loss={loss:.4f} acc={acc:.4f}")
        return acc


if __name__ == "__main__":
    trainer = Trainer(SignNet(), signs(1600), signs(500), epochs=10)
    print(f"metric val_acc {trainer.run():.4f}")
