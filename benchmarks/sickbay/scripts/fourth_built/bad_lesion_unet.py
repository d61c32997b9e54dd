import torch
import torch.nn as nn
import torch.nn.functional as F

# lesion segmentation, 36x36 slices, a lesion is a few pixels wide
torch.manual_seed(21)
SIZE = 36


def slices(n):
    imgs = F.interpolate(torch.randn(n, 1, 9, 9), size=SIZE, mode="bilinear", align_corners=False) * 0.5
    imgs = imgs + 0.6 * torch.randn(n, 1, SIZE, SIZE)
    masks = torch.zeros(n, 1, SIZE, SIZE)
    for i in range(n):
        cy, cx = torch.randint(4, SIZE - 4, (2,)).tolist()
        masks[i, 0, cy - 1:cy + 2, cx - 1:cx + 2] = 1
    return imgs + 1.2 * masks, masks


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.ReLU(inplace=True),
                         nn.Conv2d(o, o, 3, padding=1), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self, c=10):
        super().__init__()
        self.d1, self.d2 = block(1, c), block(c, 2 * c)
        self.u1 = block(3 * c, c)
        self.head = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        up = F.interpolate(b, scale_factor=2, mode="nearest")
        return self.head(self.u1(torch.cat([a, up], 1)))


def dice(logits, m):
    p = (logits > 0).float()
    return (2 * (p * m).sum() / (p.sum() + m.sum() + 1e-6)).item()


tr_x, tr_m = slices(320)
va_x, va_m = slices(80)
net = UNet(8)
loss_fn = nn.BCEWithLogitsLoss()
optim = torch.optim.Adam(net.parameters(), lr=2e-3)

for ep in range(12):
    net.train()
    ep_loss, n_pix_ok = 0.0, 0
    for ix in torch.randperm(320).split(16):
        out = net(tr_x[ix])
        loss = loss_fn(out, tr_m[ix])
        optim.zero_grad()
        loss.backward()
        optim.step()
        ep_loss += loss.item() / 20
        n_pix_ok += ((out > 0).float() == tr_m[ix]).float().mean().item() / 20
    net.eval()
    with torch.no_grad():
        lo = net(va_x)
    print(f"ep {ep} loss {ep_loss:.4f} pixel acc {n_pix_ok:.4f} | val dice {dice(lo, va_m):.4f} predicted lesion pixels {(lo > 0).sum().item()}/{int(va_m.sum())}")
