"""One network, two answers: the age of a person (regression) and glasses yes/no (classification)."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(19)
D = 30
directions = torch.linalg.qr(torch.randn(D, D))[0]


def make_portraits(n):
    z = torch.randn(n, D)
    age = 40 + 14 * (0.7 * z[:, 0] + 0.7 * z[:, 1]) + 8 * torch.tanh(z[:, 2] * 2) + 3 * torch.randn(n)
    glasses = ((z[:, 5] * z[:, 6] > 0) ^ (torch.rand(n) < 0.02)).float()
    return z @ directions, age.clamp(1, 95), glasses


class TwoHeads(nn.Module):
    def __init__(self, shared=64):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(D, 128), nn.ReLU(), nn.Linear(128, shared), nn.ReLU())
        self.age = nn.Linear(shared, 1)
        self.glasses = nn.Linear(shared, 1)

    def forward(self, x):
        h = self.trunk(x)
        return self.age(h).squeeze(1), self.glasses(h).squeeze(1)


train_x, train_age, train_gl = make_portraits(5000)
val_x, val_age, val_gl = make_portraits(1000)
if MENDED:
    age_mean, age_std = train_age.mean(), train_age.std()
else:
    age_mean, age_std = torch.tensor(0.0), torch.tensor(1.0)
train_a = (train_age - age_mean) / age_std
loader = DataLoader(TensorDataset(train_x, train_a, train_gl), batch_size=64, shuffle=True)

model = TwoHeads()
opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 25)


def validate():
    model.eval()
    with torch.no_grad():
        a, g = model(val_x)
        mae = (a * age_std + age_mean - val_age).abs().mean().item()
        acc = ((g > 0).float() == val_gl).float().mean().item()
    model.train()
    return mae, acc


for epoch in range(25):
    sums = [0.0, 0.0]
    for x, age, gl in loader:
        pred_age, pred_gl = model(x)
        loss_age = F.mse_loss(pred_age, age)
        loss_gl = F.binary_cross_entropy_with_logits(pred_gl, gl)
        loss = loss_age + loss_gl
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        sums[0] += loss_age.item() / len(loader)
        sums[1] += loss_gl.item() / len(loader)
    sched.step()
    if epoch % 3 == 0 or epoch == 24:
        mae, acc = validate()
        print(f"epoch {epoch} age mse {sums[0]:.4f} glasses bce {sums[1]:.4f} val mae {mae:.2f} val glasses acc {acc:.3f}")

print(f"metric glasses_acc {validate()[1]:.4f}")
