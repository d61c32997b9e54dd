"""Fine-tune a (pre-trained) audio tagger on 6 new bird calls. Small lr for the body, large for the head."""
import os
import torch
from torch import nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(17)
IN, HID = 30, 64
W = torch.randn(8, IN)


def clips(n, k, seed):
    g = torch.Generator().manual_seed(seed)
    c = torch.randn(k, 8, generator=torch.Generator().manual_seed(seed // 10)) * 1.4
    y = torch.randint(k, (n,), generator=g)
    z = c[y] + 0.7 * torch.randn(n, 8, generator=g)
    return torch.sin(z) @ W + 0.5 * torch.randn(n, IN, generator=g), y


class Tagger(nn.Module):
    def __init__(self, n_out):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(IN, HID), nn.ReLU(), nn.Linear(HID, HID), nn.ReLU())
        self.head = nn.Linear(HID, n_out)

    def forward(self, x):
        return self.head(self.body(x))


def fit(model, opt, x, y, epochs, tag):
    ce = nn.CrossEntropyLoss()
    for ep in range(epochs):
        perm = torch.randperm(len(x))
        s = 0.0
        for b in perm.split(32):
            opt.zero_grad()
            loss = ce(model(x[b]), y[b])
            loss.backward()
            opt.step()
            s += loss.item() * len(b)
        if ep % 3 == 2:
            print(f"{tag} epoch {ep+1} loss {s/len(x):.4f}")


model = Tagger(20)
x0, y0 = clips(4000, 20, 10)
fit(model, torch.optim.Adam(model.parameters(), lr=1e-3), x0, y0, 6, "pretrain")


def make_opt(m):
    return torch.optim.SGD([{"params": m.body.parameters(), "lr": 1e-4},
                            {"params": m.head.parameters(), "lr": 5e-2}], momentum=0.9)


xt, yt = clips(600, 6, 51)
xv, yv = clips(500, 6, 52)
optimizer = make_opt(model)
model.head = nn.Linear(HID, 6)
if MENDED:
    optimizer = make_opt(model)
fit(model, optimizer, xt, yt, 12, "finetune")
with torch.no_grad():
    print("metric val_acc %.4f" % (model(xv).argmax(1) == yv).float().mean())
