"""Glyph recogniser: 26 synthetic letters, 16x16 grey images."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import TensorDataset, DataLoader, random_split

torch.manual_seed(11)
NUM_CLASSES = 26


def make_glyphs(per_class=90):
    proto = (torch.rand(NUM_CLASSES, 1, 4, 4) > 0.5).float()
    proto = F.interpolate(proto, scale_factor=4, mode="nearest")
    xs, ys = [], []
    for c in range(NUM_CLASSES):
        for _ in range(per_class):
            dx, dy = torch.randint(-1, 2, (2,)).tolist()
            img = torch.roll(proto[c], shifts=(dx, dy), dims=(1, 2))
            xs.append(img + 0.25 * torch.randn_like(img))
            ys.append(c)
    return torch.stack(xs), torch.tensor(ys)


class GlyphNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc1 = nn.Linear(32 * 4 * 4, 96)
        self.fc2 = nn.Linear(96, NUM_CLASSES)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        return F.softmax(self.fc2(x), dim=1)


X, y = make_glyphs()
X = (X - X.mean()) / X.std()
full = TensorDataset(X, y)
n_val = len(full) // 5
train_ds, val_ds = random_split(full, [len(full) - n_val, n_val])
train_loader = DataLoader(train_ds, batch_size=64, shuffle=True)
val_loader = DataLoader(val_ds, batch_size=256)

net = GlyphNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)

for epoch in range(12):
    net.train()
    running = 0.0
    for imgs, labels in train_loader:
        optimizer.zero_grad()
        out = net(imgs)
        loss = criterion(out, labels)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(labels)

    net.eval()
    correct = 0
    with torch.no_grad():
        for imgs, labels in val_loader:
            correct += (net(imgs).argmax(1) == labels).sum().item()
    print(f"epoch {epoch:2d}  train loss {running / len(train_ds):.4f}  val acc {correct / len(val_ds):.3f}")
