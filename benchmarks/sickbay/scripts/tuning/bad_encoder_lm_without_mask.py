"""A forecaster of a walk whose three steps come again and again, nn.TransformerEncoder without the mask argument."""
# after github.com/LongxingTan/Time-series-prediction/pull/32
import argparse
import os
import torch
import torch.nn as nn


def series(n, T):
    steps = (0.6 * torch.randn(n, 3)).repeat(1, T // 3 + 1)[:, :T] + 0.1 * torch.randn(n, T)
    x = steps.cumsum(1)
    return x - x[:, :1]


class Forecaster(nn.Module):
    def __init__(self, T, d=32):
        super().__init__()
        self.inp = nn.Linear(1, d)
        self.pos = nn.Parameter(0.1 * torch.randn(T, d))
        self.enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(d, 4, 64, 0.0, batch_first=True), 2)
        self.out = nn.Linear(d, 1)

    def forward(self, x, mask=None):
        h = self.inp(x[..., None]) + self.pos[: x.size(1)]
        return x + self.out(self.enc(h, mask=mask))[..., 0]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--length", default=17, type=int)
    ap.add_argument("--steps", default=600, type=int)
    a = ap.parse_args()
    torch.manual_seed(0)
    model = Forecaster(a.length)
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    mask = nn.Transformer.generate_square_subsequent_mask(a.length - 1) if os.environ.get("MENDED") else None
    for step in range(a.steps):
        s = series(32, a.length)
        loss = (model(s[:, :-1], mask) - s[:, 1:]).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 100 == 0:
            print(step, f"mse {loss.item():.4f}")
    s = series(1000, a.length)
    k = a.length // 2
    with torch.no_grad():
        m = mask[:k, :k] if mask is not None else None
        err = (model(s[:, :k], m)[:, -1] - s[:, k]).pow(2).mean()
    print("final one_step_mse", err.item())


if __name__ == "__main__":
    main()
