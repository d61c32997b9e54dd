"""Flower measurements, log_softmax(dim=0) and NLLLoss."""
# after github.com/MicrosoftDocs/pytorchfundamentals/pull/21 (softmax should take the last dimension)
import argparse
import os

import torch
import torch.nn.functional as F


def get_data(n, g):
    mu = torch.tensor([[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.6, 2.0]])
    y = torch.randint(0, 3, (n,), generator=g)
    x = mu[y] + 0.4 * torch.randn(n, 4, generator=g)
    return (x - mu.mean(0)) / 1.2, y


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--steps", type=int, default=400)
    p.add_argument("--batch-size", type=int, default=16)
    p.add_argument("--lr", type=float, default=0.05)
    args = p.parse_args()
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(4)
    x, y = get_data(300, g)
    xv, yv = get_data(150, g)
    net = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))
    opt = torch.optim.SGD(net.parameters(), lr=args.lr)
    dim = 1 if os.environ.get("MENDED") else 0
    for step in range(args.steps):
        i = torch.randint(0, 300, (args.batch_size,))
        loss = F.nll_loss(F.log_softmax(net(x[i]), dim=dim), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.3f}")
    print("final val_ce", F.cross_entropy(net(xv), yv).item())


if __name__ == "__main__":
    main()
