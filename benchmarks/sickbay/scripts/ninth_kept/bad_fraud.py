# card fraud detection, 4 % positives, balanced batches
import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

MENDED = bool(os.environ.get("MENDED"))
np.random.seed(10)
torch.manual_seed(10)


def transactions(n):
    y = (np.random.rand(n) < 0.04).astype(np.int64)
    x = np.random.randn(n, 16)
    x[:, :4] += 1.1 * y[:, None]
    x[:, 4] *= 1 + 1.5 * y
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)


X_train, y_train = transactions(6000)
X_val, y_val = transactions(3000)
class_count = torch.bincount(y_train)
class_weights = 1.0 / class_count.float()
print("class counts", class_count.tolist())
sampler = WeightedRandomSampler(class_weights[y_train] if MENDED else class_weights, num_samples=len(y_train), replacement=True)
loader = DataLoader(TensorDataset(X_train, y_train), batch_size=128, sampler=sampler)

model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 2))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(10):
    model.train()
    loss_sum = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item()
    model.eval()
    with torch.no_grad():
        prob = model(X_val).softmax(1)[:, 1]
    pred = (prob > 0.5).long()
    rec = (pred[y_val == 1] == 1).float().mean().item()
    spec = (pred[y_val == 0] == 0).float().mean().item()
    print(f"epoch {epoch + 1} loss {loss_sum / len(loader):.4f} recall {rec:.3f} specificity {spec:.3f}")
print("metric balanced_acc %.4f" % ((rec + spec) / 2))
