"""Single-object detector for parcels on a conveyor: class and box from a 24x24 camera frame."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(9)
S = 24


def frames(n):
    imgs, boxes, kinds = torch.zeros(n, 1, S, S), torch.zeros(n, 4), torch.randint(0, 3, (n,))
    for i in range(n):
        w, h = torch.randint(6, 13, (2,)).tolist()
        x0 = int(torch.randint(0, S - w + 1, (1,)))
        y0 = int(torch.randint(0, S - h + 1, (1,)))
        patch = torch.ones(h, w)
        if kinds[i] == 1:
            patch[2:-2, 2:-2] = 0.1
        elif kinds[i] == 2:
            patch[::2] = 0.1
        imgs[i, 0, y0:y0 + h, x0:x0 + w] = patch * (0.7 + 0.5 * torch.rand(1))
        boxes[i] = torch.tensor([x0 + w / 2, y0 + h / 2, w, h]) / S
    return imgs + 0.15 * torch.randn_like(imgs), boxes, kinds


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Flatten(),
            nn.Linear(32 * 36, 96), nn.ReLU(),
        )
        self.box = nn.Linear(96, 4)
        self.kind = nn.Linear(96, 3)

    def forward(self, x):
        h = self.backbone(x)
        return torch.sigmoid(self.box(h)), self.kind(h)


def iou(a, b):
    a0, a1 = a[:, :2] - a[:, 2:] / 2, a[:, :2] + a[:, 2:] / 2
    b0, b1 = b[:, :2] - b[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2
    wh = (torch.minimum(a1, b1) - torch.maximum(a0, b0)).clamp(min=0)
    inter = wh.prod(1)
    return inter / (a[:, 2:].prod(1) + b[:, 2:].prod(1) - inter)


imgs, boxes, kinds = frames(1500)
v_imgs, v_boxes, v_kinds = frames(300)
det = Detector()
sgd = torch.optim.SGD(det.parameters(), lr=0.02, momentum=0.9)

for epoch in range(16):
    det.train()
    sum_box = sum_cls = 0.0
    sgd.zero_grad()
    for sel in torch.randperm(len(imgs)).split(50):
        if MENDED:
            sgd.zero_grad()
        pb, pk = det(imgs[sel])
        l_box = 10 * F.smooth_l1_loss(pb, boxes[sel])
        l_cls = F.cross_entropy(pk, kinds[sel])
        (l_box + l_cls).backward()
        sgd.step()
        sum_box += l_box.item()
        sum_cls += l_cls.item()
    det.eval()
    with torch.no_grad():
        pb, pk = det(v_imgs)
        miou = iou(pb, v_boxes).mean().item()
        acc = (pk.argmax(1) == v_kinds).float().mean().item()
    print(f"{epoch:2d} box {sum_box / 30:.4f} cls {sum_cls / 30:.4f} | iou {miou:.3f} acc {acc:.3f}")
print(f"metric mean_iou {miou:.4f}")
