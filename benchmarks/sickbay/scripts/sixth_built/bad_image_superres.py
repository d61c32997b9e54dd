"""Double the resolution of small grey pictures with a sub-pixel CNN."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(22)
HR = 24


def make_pictures(n):
    """stripes and discs with sharp edges"""
    yy, xx = torch.meshgrid(torch.linspace(-1, 1, HR), torch.linspace(-1, 1, HR), indexing="ij")
    out = []
    for _ in range(n):
        a, f, ph = torch.rand(3).tolist()
        stripes = (torch.sin((4 + 8 * f) * (xx * torch.cos(torch.tensor(3.14 * a))
                                            + yy * torch.sin(torch.tensor(3.14 * a))) + 6.28 * ph) > 0).float()
        cx, cy, r = (torch.rand(3) * torch.tensor([1.0, 1.0, 0.4]) - torch.tensor([0.5, 0.5, -0.2])).tolist()
        disc = (((xx - cx) ** 2 + (yy - cy) ** 2) < r * r).float()
        out.append((0.6 * stripes * (1 - disc) + 0.9 * disc)[None])
    return torch.stack(out)


class SubPixelNet(nn.Module):
    def __init__(self, ch=24):
        super().__init__()
        self.conv1 = nn.Conv2d(1, ch, 5, padding=2)
        self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
        self.conv3 = nn.Conv2d(ch, 4, 3, padding=1)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x):
        h = F.relu(self.conv1(x))
        h = F.relu(self.conv2(h))
        return self.shuffle(self.conv3(h))


def psnr(a, b):
    return (-10 * torch.log10(F.mse_loss(a, b))).item()


hr, val_hr = make_pictures(1200), make_pictures(200)
lr_img, val_lr = F.avg_pool2d(hr, 2), F.avg_pool2d(val_hr, 2)
loader = DataLoader(TensorDataset(lr_img, hr), batch_size=24, shuffle=True)
model = SubPixelNet()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
EPOCHS = 14
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=EPOCHS // 2, gamma=0.2)
base = F.interpolate(val_lr, scale_factor=2, mode="bilinear")
print(f"bilinear psnr {psnr(base, val_hr):.2f}")


def validate():
    model.eval()
    with torch.no_grad():
        p = psnr(model(val_lr), val_hr)
    model.train()
    return p


for epoch in range(EPOCHS):
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        if not MENDED:
            scheduler.step()
        total += loss.item()
    if MENDED:
        scheduler.step()
    print(f"epoch {epoch} mse {total / len(loader):.5f} val psnr {validate():.2f}")

print(f"metric val_psnr {validate():.4f}")
