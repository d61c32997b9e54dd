"""A CSV-like table where the wrong slice of columns is read as features, with an evaluation loop."""
import argparse
import os
import torch
import torch.nn as nn


def table(n, seed):
    g = torch.Generator().manual_seed(seed)
    ids = torch.rand(n, 1, generator=g)
    junk = torch.randn(n, 4, generator=g)
    meas = torch.randn(n, 4, generator=g)
    target = meas.sum(1, keepdim=True) + meas[:, :1] * meas[:, 1:2]
    return torch.cat([ids, junk, meas, target], 1)


def features(t):
    return t[:, 5:9] if os.environ.get("MENDED") else t[:, 0:4]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--hidden", type=int, default=24)
    cfg = parser.parse_args()
    torch.manual_seed(0)
    train, test = table(2000, 1), table(800, 2)
    net = nn.Sequential(nn.Linear(4, cfg.hidden), nn.Tanh(), nn.Linear(cfg.hidden, 1))
    opt = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9)
    for epoch in range(cfg.epochs):
        for chunk in train[torch.randperm(len(train))].split(50):
            loss = ((net(features(chunk)) - chunk[:, 9:]) ** 2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        with torch.no_grad():
            test_loss = ((net(features(test)) - test[:, 9:]) ** 2).mean().item()
        if epoch % 5 == 0:
            print("epoch", epoch, "test", round(test_loss, 3))
    print("final test_mse", test_loss)


if __name__ == "__main__":
    main()
