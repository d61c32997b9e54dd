"""A train_step function that builds SGD(momentum=0.99) for itself at each call, so momentum never builds up."""
import os
import torch
import torch.nn as nn


def train_step(model, x, y, optimizer=None):
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=2e-4, momentum=0.99)
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def main():
    torch.manual_seed(0)
    mu = torch.randn(10, 30)
    y = torch.randint(0, 10, (2000,))
    x = mu[y] + torch.randn(2000, 30)
    model = nn.Sequential(nn.Linear(30, 40), nn.ReLU(), nn.Linear(40, 10))
    kept = torch.optim.SGD(model.parameters(), lr=2e-4, momentum=0.99) if os.environ.get("MENDED") else None
    for epoch in range(12):
        for i in torch.randperm(2000).split(50):
            v = train_step(model, x[i], y[i], kept)
        print("epoch", epoch, "loss", round(v, 4))
    print("final loss", nn.functional.cross_entropy(model(x), y).item())


main()
