"""Linear probe on a frozen, pretrained encoder: only the new head is trained."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(19)
MIX = torch.randn(30, 64)


def task(n, classes, seed):
    g = torch.Generator().manual_seed(seed)
    c = torch.Generator().manual_seed(1000 + classes)
    centres = torch.randn(classes, 30, generator=c) * 0.9
    y = torch.randint(classes, (n,), generator=g)
    z = centres[y] + torch.randn(n, 30, generator=g)
    return torch.tanh(z @ MIX * 0.25), y


def pretrain(enc):
    x, _ = task(4000, 12, 0)
    dec = nn.Linear(48, 64)
    opt = torch.optim.Adam(list(enc.parameters()) + list(dec.parameters()), lr=2e-3)
    enc.train()
    for ep in range(12):
        for i in torch.randperm(len(x)).split(100):
            loss = F.mse_loss(dec(enc(x[i])), x[i])
            opt.zero_grad(); loss.backward(); opt.step()
    print(f"pretraining reconstruction mse {loss.item():.4f}")


encoder = nn.Sequential(nn.Linear(64, 96), nn.BatchNorm1d(96), nn.ReLU(), nn.Dropout(0.1), nn.Linear(96, 48))
pretrain(encoder)
for p in encoder.parameters():
    p.requires_grad_(False)
encoder.eval()

xtr, ytr = task(1500, 6, 1)
xte, yte = task(500, 6, 2)
head = nn.Linear(48, 6)
opt = torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9)

for epoch in range(40):
    head.train()
    tot = 0.0
    for i in torch.randperm(len(xtr)).split(64):
        with torch.no_grad():
            feats = encoder(xtr[i])
        loss = F.cross_entropy(head(feats), ytr[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() * len(i)
    if epoch % 5 == 4:
        with torch.no_grad():
            acc = (head(encoder(xte)).argmax(1) == yte).float().mean().item()
        print(f"epoch {epoch + 1} loss {tot / len(xtr):.4f} test acc {acc:.3f}")
