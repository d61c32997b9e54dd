"""Small-memory training: micro batches of 8, one update every 8 micro batches, label smoothing 0.2."""
import argparse
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

p = argparse.ArgumentParser()
p.add_argument("--accum", type=int, default=8)
p.add_argument("--micro", type=int, default=8)
p.add_argument("--epochs", type=int, default=12)
p.add_argument("--smoothing", type=float, default=0.2)
args = p.parse_args([])

torch.manual_seed(30)
CLASSES = 10
protos = torch.randn(CLASSES, 1, 12, 12)


def make(n):
    y = torch.randint(CLASSES, (n,))
    return protos[y] + 2.8 * torch.randn(n, 1, 12, 12), y


train = TensorDataset(*make(2400))
test_x, test_y = make(600)
loader = DataLoader(train, batch_size=args.micro, shuffle=True, drop_last=True)
net = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.GroupNorm(4, 16), nn.ReLU(), nn.MaxPool2d(2),
                    nn.Conv2d(16, 32, 3, padding=1), nn.GroupNorm(4, 32), nn.ReLU(), nn.Flatten(), nn.Linear(32 * 36, CLASSES))
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss(label_smoothing=args.smoothing)

for epoch in range(args.epochs):
    net.train()
    optimizer.zero_grad()
    running = 0.0
    for i, (x, y) in enumerate(loader):
        loss = criterion(net(x), y) / args.accum
        loss.backward()
        running += loss.item() * args.accum
        if (i + 1) % args.accum == 0 or i + 1 == len(loader):
            optimizer.step()
            optimizer.zero_grad()
    net.eval()
    with torch.no_grad():
        out = net(test_x)
        acc = (out.argmax(1) == test_y).float().mean().item()
        tl = criterion(out, test_y).item()
    print(f"epoch {epoch} train loss {running / len(loader):.4f} test loss {tl:.4f} test acc {acc:.3f}")
