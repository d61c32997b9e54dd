"""Grey images as uint8, normalised with // 255: all zeros arrive at the CNN."""
import os
import numpy as np
import torch
import torch.nn as nn

rng = np.random.default_rng(1)


def make(n):
    labels = rng.integers(0, 4, n)
    img = rng.integers(0, 120, (n, 8, 8))
    for i, c in enumerate(labels):
        r, k = divmod(int(c), 2)
        img[i, r * 4 : r * 4 + 4, k * 4 : k * 4 + 4] += 60
    return img.astype(np.uint8), labels


def normalise(img):
    a = img / 255 if os.environ.get("MENDED") else img // 255
    return torch.tensor(a, dtype=torch.float32).unsqueeze(1)


torch.manual_seed(1)
tr_x, tr_y = make(800)
te_x, te_y = make(200)
tr, te = normalise(tr_x), normalise(te_x)
tr_y, te_y = torch.tensor(tr_y), torch.tensor(te_y)
model = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(54, 4))
opt = torch.optim.Adam(model.parameters(), 0.003)
lossf = nn.CrossEntropyLoss()
for epoch in range(20):
    for i in torch.randperm(800).split(40):
        loss = lossf(model(tr[i]), tr_y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 4:
        print(epoch + 1, loss.item())
print("final test_loss", lossf(model(te), te_y).item())
