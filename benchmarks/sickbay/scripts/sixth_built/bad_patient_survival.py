"""Risk model for patients: neural Cox regression with censored follow-up."""
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(18)


def make_patients(n):
    x = torch.randn(n, 10)
    risk = 1.2 * x[:, 0] - 0.9 * x[:, 1] + 0.8 * x[:, 2] * x[:, 3]
    survival = 60.0 * torch.exp(-0.6 * risk + 0.5 * torch.randn(n))
    leaves = torch.rand(n) < 0.3
    time = torch.where(leaves, survival * torch.rand(n), survival)
    event = (~leaves).float()
    return x, time, event


class RiskNet(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(n_in, 32), nn.SELU(), nn.Dropout(0.1), nn.Linear(32, 32), nn.SELU(),
                                 nn.Linear(32, 1, bias=False))

    def forward(self, x):
        return self.net(x).squeeze(1)


def cox_loss(risk, time, event):
    """negative partial log-likelihood, cumulative sum over the set of patients at risk"""
    if MENDED:
        order = torch.argsort(time, descending=True)
        risk, event = risk[order], event[order]
    log_risk_set = torch.logcumsumexp(risk, dim=0)
    return -((risk - log_risk_set) * event).sum() / event.sum().clamp(min=1)


def concordance(risk, time, event):
    earlier = (time[:, None] < time[None, :]) & (event[:, None] == 1)
    right = (risk[:, None] > risk[None, :]).float() + 0.5 * (risk[:, None] == risk[None, :]).float()
    return (right[earlier].sum() / earlier.sum()).item()


train = make_patients(2000)
val_x, val_t, val_e = make_patients(600)
print(f"events in training {train[2].mean():.2f}")
loader = DataLoader(TensorDataset(*train), batch_size=100, shuffle=True)
model = RiskNet(10)
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-3)


def validate():
    model.eval()
    with torch.no_grad():
        r = model(val_x)
        c = concordance(r, val_t, val_e)
    model.train()
    return c


for epoch in range(25):
    total = 0.0
    for x, t, e in loader:
        loss = cox_loss(model(x), t, e)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        opt.step()
        total += loss.item()
    if epoch % 3 == 0 or epoch == 24:
        print(f"epoch {epoch} partial likelihood loss {total / len(loader):.4f} val c-index {validate():.4f}")

print(f"metric c_index {validate():.4f}")
