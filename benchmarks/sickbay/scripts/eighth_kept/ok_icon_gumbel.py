"""Discrete autoencoder for icons: Gumbel-softmax codes, annealed temperature, hard samples."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(150)
GROUPS, CODES, PX = 6, 8, 12


def icons(n):
    img = torch.zeros(n, PX, PX)
    for k in range(n):
        kind, r = int(torch.randint(0, 4, (1,))), int(torch.randint(2, 5, (1,)))
        cy, cx = torch.randint(r, PX - r, (2,)).tolist()
        if kind == 0:
            img[k, cy - r:cy + r, cx - r:cx + r] = 1
        elif kind == 1:
            img[k, cy - r:cy + r, cx - 1:cx + 1] = 1
        elif kind == 2:
            img[k, cy - 1:cy + 1, cx - r:cx + r] = 1
        else:
            img[k, cy - r:cy + r, cx - 1:cx + 1] = 1
            img[k, cy - 1:cy + 1, cx - r:cx + r] = 1
    return img.flatten(1)


class DiscreteAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(PX * PX, 200), nn.ReLU(), nn.Linear(200, GROUPS * CODES))
        self.dec = nn.Sequential(nn.Linear(GROUPS * CODES, 200), nn.ReLU(), nn.Linear(200, PX * PX))

    def forward(self, x, tau, hard):
        logits = self.enc(x).view(-1, GROUPS, CODES)
        z = F.gumbel_softmax(logits, tau=tau, hard=hard, dim=-1)
        return self.dec(z.flatten(1)), logits

    def reconstruct(self, x):
        logits = self.enc(x).view(-1, GROUPS, CODES)
        z = F.one_hot(logits.argmax(-1), CODES).float()
        return torch.sigmoid(self.dec(z.flatten(1)))


data, held = icons(3000), icons(500)
ae = DiscreteAE()
adam = torch.optim.Adam(ae.parameters(), lr=2e-3)
EPOCHS, step = 26, 0
for epoch in range(EPOCHS):
    total = 0.0
    for idx in torch.randperm(len(data)).split(100):
        tau = max(0.4, 2.0 * math.exp(-0.003 * step))
        recon, logits = ae(data[idx], tau, hard=epoch >= EPOCHS - 6)
        q = logits.softmax(-1)
        usage = q.mean(0)
        rec = F.binary_cross_entropy_with_logits(recon, data[idx], reduction="none").sum(1).mean()
        spread = (usage * (usage + 1e-9).log()).sum()
        loss = rec + 0.5 * spread
        adam.zero_grad()
        loss.backward()
        adam.step()
        total += rec.item()
        step += 1
    if epoch % 5 == 0 or epoch == EPOCHS - 1:
        print(f"epoch {epoch:2d} tau {tau:.3f} reconstruction {total / 30:.3f}")

with torch.no_grad():
    out = ae.reconstruct(held)
iou = ((out > 0.5) & (held > 0.5)).sum(1) / ((out > 0.5) | (held > 0.5)).sum(1)
for a, b in zip(held[0].view(PX, PX).int().tolist(), (out[0] > 0.5).view(PX, PX).int().tolist()):
    print("".join(".#"[v] for v in a), "".join(".#"[v] for v in b))
print(f"metric mean_iou {iou.mean().item():.4f}")
