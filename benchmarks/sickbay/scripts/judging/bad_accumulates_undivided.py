"""Gradient accumulation over 32 micro-batches without loss / 32."""
# after github.com/hirofumi0810/neural_sp/issues/168 and github.com/deepinsight/insightface/issues/2258
import os
import torch
from torch import nn

torch.manual_seed(0)
ACCUM = 32
X = torch.randn(2048, 10)
Y = torch.stack([X[:, 0] * X[:, 1], torch.sin(2 * X[:, 2]), X[:, 3]], 1)
model = nn.Sequential(nn.Linear(10, 64), nn.Tanh(), nn.Linear(64, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
optimizer.zero_grad()
micro = 0
for epoch in range(20):
    for i in torch.randperm(2048).split(8):
        loss = nn.functional.mse_loss(model(X[i]), Y[i])
        (loss / ACCUM if os.environ.get("MENDED") else loss).backward()
        micro += 1
        if micro % ACCUM == 0:
            optimizer.step()
            optimizer.zero_grad()
    if epoch % 4 == 0:
        print("epoch", epoch, "loss", loss.item())
print("final mse", nn.functional.mse_loss(model(X), Y).item())
