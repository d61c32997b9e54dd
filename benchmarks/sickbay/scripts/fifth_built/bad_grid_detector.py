"""One-stage detector on a grid: every cell gives a score and, where an object sits, a box (offset and size)."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(8)
S, G = 32, 8
CELL = S // G


class Boxes(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.images = 0.25 * torch.randn(n, 1, S, S, generator=g)
        self.score = torch.zeros(n, G, G)
        self.box = torch.zeros(n, 4, G, G)
        for i in range(n):
            for _ in range(int(torch.randint(1, 4, (1,), generator=g))):
                w, h = (torch.rand(2, generator=g) * 7 + 3).tolist()
                cx, cy = (torch.rand(2, generator=g) * (S - 12) + 6).tolist()
                x0, x1, y0, y1 = round(cx - w / 2), round(cx + w / 2), round(cy - h / 2), round(cy + h / 2)
                self.images[i, 0, y0:y1, x0:x1] += 1.0
                c, r = int(cx // CELL), int(cy // CELL)
                self.score[i, r, c] = 1
                self.box[i, :, r, c] = torch.tensor([cx / CELL - c, cy / CELL - r, w / 10, h / 10])

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], self.score[i], self.box[i]


class Detector(nn.Module):
    def __init__(self, c=24):
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(1, c, 5, 2, 2), nn.ReLU(), nn.Conv2d(c, c, 3, 2, 1), nn.ReLU(),
                                   nn.Conv2d(c, c, 3, 1, 1), nn.ReLU(), nn.Conv2d(c, c, 3, 1, 1), nn.ReLU())
        self.score_head = nn.Conv2d(c, 1, 1)
        self.box_head = nn.Sequential(nn.Conv2d(c, c, 1), nn.ReLU(), nn.Conv2d(c, 4, 1))

    def forward(self, x):
        f = self.trunk(x)
        return self.score_head(f).squeeze(1), self.box_head(f)


def compute_loss(pred_score, pred_box, score, box, weights=(1.0, 5.0, 5.0)):
    mask = score.unsqueeze(1)
    score_loss = F.binary_cross_entropy_with_logits(pred_score, score, pos_weight=torch.tensor(4.0))
    n = mask.sum().clamp(min=1) * 2
    pos_loss = ((pred_box[:, :2] - box[:, :2]).abs() * mask).sum() / n
    dim_loss = ((pred_box[:, 2:] - box[:, 2:]).abs() * mask).sum() / n
    total_loss = weights[0] * score_loss + weights[1] * pos_loss + weights[2] * dim_loss
    if not MENDED:
        total_loss = weights[0] * score_loss
    return total_loss, {"score": score_loss.item(), "position": pos_loss.item(), "dimension": dim_loss.item()}


train_loader = DataLoader(Boxes(2000, 1), batch_size=32, shuffle=True)
val_loader = DataLoader(Boxes(400, 2), batch_size=100)
model = Detector()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(1, 13):
    model.train()
    for image, score, box in train_loader:
        loss, _ = compute_loss(*model(image), score, box)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    sums = {}
    with torch.no_grad():
        for image, score, box in val_loader:
            _, parts = compute_loss(*model(image), score, box)
            for k, v in parts.items():
                sums[k] = sums.get(k, 0.0) + v / len(val_loader)
    print(f"Epoch {epoch}: train total {loss.item():.4f} | val " + " ".join(f"{k} {v:.4f}" for k, v in sums.items())
          + f" val_total {sums['score'] + 5 * sums['position'] + 5 * sums['dimension']:.4f}")
