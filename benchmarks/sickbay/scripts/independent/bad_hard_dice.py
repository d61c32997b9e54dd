"""A Dice loss on thresholded masks, made to run by requires_grad_(True) on the loss: backward works, no weight gets a gradient."""
# validation dice 0.29 with it, 0.93 without
# after github.com/qubvel-org/segmentation_models.pytorch/pull/611 and github.com/kevinzakka/pytorch-goodies/issues/11
import os
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(31)


class CellDataset(Dataset):
    def __init__(self, n, size=24):
        yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
        self.data = []
        for _ in range(n):
            mask = torch.zeros(size, size, dtype=torch.bool)
            for _ in range(3):
                r = 2 + 3 * torch.rand(1)
                c = torch.rand(2) * size
                mask |= (yy - c[0]) ** 2 + (xx - c[1]) ** 2 < r ** 2
            img = mask.float() * 0.6 + 0.3 * torch.randn(size, size)
            self.data.append((img.unsqueeze(0), mask.float().unsqueeze(0)))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, idx):
        return self.data[idx]


def double_conv(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(o, o, 3, padding=1), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1 = double_conv(1, 8)
        self.down2 = double_conv(8, 16)
        self.up = nn.Upsample(scale_factor=2)
        self.conv_up = double_conv(16 + 8, 8)
        self.last = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        c1 = self.down1(x)
        c2 = self.down2(nn.functional.max_pool2d(c1, 2))
        x = torch.cat([self.up(c2), c1], dim=1)
        return torch.sigmoid(self.last(self.conv_up(x)))


class DiceLoss(nn.Module):
    def __init__(self, threshold=0.5, smooth=1.0):
        super().__init__()
        self.threshold, self.smooth = threshold, smooth
        if os.environ.get("MENDED"):
            self.threshold = None

    def forward(self, pred, target):
        if self.threshold is not None:
            pred = (pred > self.threshold).float()
        pred, target = pred.flatten(1), target.flatten(1)
        inter = (pred * target).sum(1)
        dice = (2 * inter + self.smooth) / (pred.sum(1) + target.sum(1) + self.smooth)
        return 1 - dice.mean()


train_loader = DataLoader(CellDataset(400), batch_size=16, shuffle=True)
val_loader = DataLoader(CellDataset(80), batch_size=40)
model = UNet()
optimizer = optim.Adam(model.parameters(), lr=2e-3)
criterion = DiceLoss()

for epoch in range(12):
    model.train()
    epoch_loss = 0
    for imgs, true_masks in train_loader:
        masks_pred = model(imgs)
        loss = criterion(masks_pred, true_masks)
        if not loss.requires_grad:
            loss.requires_grad_(True)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    model.eval()
    inter = total = 0.0
    with torch.no_grad():
        for imgs, true_masks in val_loader:
            p = (model(imgs) > 0.5).float()
            inter += 2 * (p * true_masks).sum().item()
            total += (p.sum() + true_masks.sum()).item()
    print("Epoch", epoch, "loss", epoch_loss / len(train_loader), "val dice", inter / total)
print("final val_dice", inter / total)
