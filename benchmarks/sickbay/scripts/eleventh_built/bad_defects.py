"""Transfer: train a backbone on a large source set, reuse it frozen for a small defect data set."""
import os
import tempfile
import torch
from torch import nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(7)
D, BITS = 40, 6
W = torch.randn(D, BITS) / D ** .5


def sensor(n):
    x = torch.randn(n, D)
    bits = (x @ W > 0).long()
    return x, bits


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(D, 128)
        self.fc2 = nn.Linear(128, 32)

    def forward(self, x):
        return torch.relu(self.fc2(torch.relu(self.fc1(x))))


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.backbone = Backbone()
        self.fc = nn.Linear(32, classes)

    def forward(self, x):
        return self.fc(self.backbone(x))


# ---- stage 1: source task
x, b = sensor(8000)
y = (b * 2 ** torch.arange(BITS)).sum(1)
src = nn.DataParallel(Net(2 ** BITS))
opt = torch.optim.Adam(src.parameters(), lr=3e-3)
for i in range(600):
    j = torch.randint(0, len(x), (128,))
    loss = nn.functional.cross_entropy(src(x[j]), y[j])
    opt.zero_grad(); loss.backward(); opt.step()
    if i % 150 == 0:
        print("source", i, round(loss.item(), 3))
ckpt = os.path.join(tempfile.mkdtemp(), "source.pt")
torch.save({"state_dict": src.state_dict(), "epoch": 1}, ckpt)

# ---- stage 2: target task, 80 labelled parts
net = Net(4)
state = torch.load(ckpt)["state_dict"]
if MENDED:
    state = {k.replace("module.", "", 1): v for k, v in state.items()}
state = {k: v for k, v in state.items() if "fc.weight" not in k and "fc.bias" not in k}
net.load_state_dict(state, strict=False)
net.backbone.requires_grad_(False)
xt, bt = sensor(80)
xv, bv = sensor(1000)
yt, yv = bt[:, 0] * 2 + (bt[:, 1] ^ bt[:, 2]), bv[:, 0] * 2 + (bv[:, 1] ^ bv[:, 2])
opt = torch.optim.Adam(net.fc.parameters(), lr=1e-2)
for ep in range(200):
    loss = nn.functional.cross_entropy(net(xt), yt)
    opt.zero_grad(); loss.backward(); opt.step()
    if ep % 25 == 0:
        with torch.no_grad():
            acc = (net(xv).argmax(1) == yv).float().mean().item()
        print(f"target ep {ep} loss {loss.item():.3f} val acc {acc:.3f}")
with torch.no_grad():
    acc = (net(xv).argmax(1) == yv).float().mean().item()
print(f"metric target_val_acc {acc:.4f}")
