#!/usr/bin/env python
"""Customer churn, binary classification with a two layer net."""
import argparse
import numpy as np
import torch
import torch.nn as nn


def get_data(n, seed):
    g = np.random.default_rng(seed)
    tenure = g.uniform(1, 72, n)                  # months
    monthly = g.normal(70, 25, n).clip(15, 150)   # dollars
    total = tenure * monthly + g.normal(0, 50, n) # dollars since start
    income = g.lognormal(10.8, 0.5, n)            # yearly
    calls = g.poisson(1.5, n)
    s = 1.6 * (calls - 1.5) - 0.08 * (tenure - 36) + 0.04 * (monthly - 70) - 0.9 * (np.log(income) - 10.8)
    y = (s + g.normal(0, 0.6, n) > 0).astype(np.float32)
    x = np.stack([tenure, monthly, total, income, calls], 1).astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy(y)


class ChurnNet(nn.Module):
    def __init__(self, n_in, hidden):
        super().__init__()
        self.l1 = nn.Linear(n_in, hidden)
        self.l2 = nn.Linear(hidden, hidden)
        self.l3 = nn.Linear(hidden, 1)

    def forward(self, x):
        x = torch.tanh(self.l1(x))
        x = torch.tanh(self.l2(x))
        return self.l3(x).squeeze(1)


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        p = torch.sigmoid(model(x))
    model.train()
    return ((p > 0.5).float() == y).float().mean().item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--lr", type=float, default=0.05)
    ap.add_argument("--epochs", type=int, default=30)
    ap.add_argument("--hidden", type=int, default=32)
    args = ap.parse_args()
    torch.manual_seed(5)

    xtr, ytr = get_data(4000, 1)
    xte, yte = get_data(1000, 2)
    model = ChurnNet(xtr.shape[1], args.hidden)
    loss_fn = nn.BCEWithLogitsLoss()
    opt = torch.optim.SGD(model.parameters(), lr=args.lr)
    print("share of churners: %.3f" % ytr.mean())
    for ep in range(args.epochs):
        order = torch.randperm(len(xtr))
        s = 0.0
        for chunk in order.split(64):
            opt.zero_grad()
            loss = loss_fn(model(xtr[chunk]), ytr[chunk])
            loss.backward()
            opt.step()
            s += loss.item() * len(chunk)
        if ep % 3 == 0 or ep == args.epochs - 1:
            print(f"[{ep:02d}] loss={s / len(xtr):.4f} train_acc={evaluate(model, xtr, ytr):.3f} test_acc={evaluate(model, xte, yte):.3f}")


if __name__ == "__main__":
    main()
