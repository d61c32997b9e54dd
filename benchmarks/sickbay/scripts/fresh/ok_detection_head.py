"""A one-stage detector on a 4 x 4 grid: objectness with focal loss, boxes by smooth L1 where there is an object."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
G = 4


def batch(n):
    x = 0.2 * torch.randn(n, 1, 16, 16)
    obj, box, cls = torch.zeros(n, G, G), torch.zeros(n, G, G, 2), torch.zeros(n, G, G, dtype=torch.long)
    for i in range(n):
        for _ in range(int(torch.randint(0, 3, (1,)))):
            r, c = torch.randint(1, 15, (2,)).tolist()
            k = int(torch.randint(0, 2, (1,)))
            x[i, 0, r - 1 : r + 2, c] += 2
            x[i, 0, r, c - 1 : c + 2] += 2 if k else 0
            obj[i, r // 4, c // 4] = 1
            box[i, r // 4, c // 4] = torch.tensor([r % 4 / 4, c % 4 / 4])
            cls[i, r // 4, c // 4] = k
    return x, obj, box, cls


net = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1),
                    nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 5, 1))
nn.init.constant_(net[-1].bias[:1].data, -2.0)
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
for step in range(300):
    x, obj, box, cls = batch(24)
    out = net(x).permute(0, 2, 3, 1)
    p = F.binary_cross_entropy_with_logits(out[..., 0], obj, reduction="none")
    focal = ((1 - torch.exp(-p)) ** 2 * p).sum() / obj.sum().clamp(min=1)
    where = obj.bool()
    place = F.smooth_l1_loss(out[..., 1:3][where], box[where], reduction="sum") / obj.sum().clamp(min=1)
    kind = F.cross_entropy(out[..., 3:][where], cls[where]) if where.any() else out.sum() * 0
    loss = focal + place + kind
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 10.0)
    opt.step()
    if step % 60 == 0:
        print(step, focal.item(), place.item(), kind.item())
