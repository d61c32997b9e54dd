"""Linear probe on a pretrained flower encoder (40 labelled images per class only)."""
import io
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(23)
DIM = 24


def flowers(n, gen):
    """hidden shape bits are products of measured signs"""
    x = torch.randn(n, DIM, generator=gen)
    bits = torch.stack([(x[:, 2 * i] * x[:, 2 * i + 1] > 0) for i in range(3)], 1).long()
    return x, bits


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1, self.l2, self.l3 = nn.Linear(DIM, 96), nn.Linear(96, 64), nn.Linear(64, 32)

    def forward(self, x):
        return F.relu(self.l3(F.relu(self.l2(F.relu(self.l1(x))))))


def pretrain():
    """bigger run, 'multi gpu'; returns the checkpoint file"""
    g = torch.Generator().manual_seed(1)
    enc = nn.DataParallel(Encoder())
    heads = nn.Linear(32, 3)
    opt = torch.optim.Adam(list(enc.parameters()) + list(heads.parameters()), lr=2e-3)
    for it in range(900):
        x, b = flowers(128, g)
        loss = F.binary_cross_entropy_with_logits(heads(enc(x)), b.float())
        opt.zero_grad(); loss.backward(); opt.step()
        if it % 300 == 299:
            print(f"[pretrain] it {it+1} loss {loss.item():.4f}")
    buf = io.BytesIO()
    torch.save({"epoch": 1, "state_dict": enc.state_dict()}, buf)
    buf.seek(0)
    return buf


ckpt = torch.load(pretrain(), map_location="cpu")
weights = ckpt["state_dict"]
if MENDED:
    weights = {k.removeprefix("module."): v for k, v in weights.items()}
backbone = Encoder()
backbone.load_state_dict(weights, strict=False)
print("loaded pretrained encoder, epoch", ckpt["epoch"])
for p in backbone.parameters():
    p.requires_grad = False
backbone.eval()

g = torch.Generator().manual_seed(99)
xt, bt = flowers(320, g)
xv, bv = flowers(800, g)
label = lambda b: b[:, 0] * 4 + b[:, 1] * 2 + b[:, 2]
yt, yv = label(bt), label(bv)
probe = nn.Linear(32, 8)
opt = torch.optim.Adam(probe.parameters(), lr=1e-2, weight_decay=1e-4)
for epoch in range(40):
    run = 0.0
    for i in torch.randperm(320).split(32):
        loss = F.cross_entropy(probe(backbone(xt[i])), yt[i])
        opt.zero_grad(); loss.backward(); opt.step()
        run += loss.item() / 10
    if epoch % 8 == 7:
        with torch.no_grad():
            acc = (probe(backbone(xv)).argmax(1) == yv).float().mean().item()
        print(f"[probe] epoch {epoch+1} loss {run:.4f} val acc {acc:.4f}")
print(f"metric val_acc {acc:.4f}")
