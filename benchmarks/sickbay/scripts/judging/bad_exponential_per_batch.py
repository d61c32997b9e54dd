"""A U-shaped regression trained by a Trainer class that steps ExponentialLR(0.9) after each optimizer step."""
import os
import torch
from torch import nn


class Trainer:
    def __init__(self, model, optimizer, scheduler, log_every=10):
        self.model, self.optimizer, self.scheduler, self.log_every = model, optimizer, scheduler, log_every
        self.history = []

    def training_step(self, batch):
        x, y = batch
        return nn.functional.l1_loss(self.model(x), y)

    def fit(self, batches, epochs):
        for e in range(epochs):
            for b in batches:
                self.optimizer.zero_grad()
                loss = self.training_step(b)
                loss.backward()
                self.optimizer.step()
                if not os.environ.get("MENDED"):
                    self.scheduler.step()
            if os.environ.get("MENDED"):
                self.scheduler.step()
            self.history.append(loss.item())
            if e % self.log_every == 0:
                print("epoch", e, "loss", f"{loss.item():.4f}", "lr", self.scheduler.get_last_lr()[0])


torch.manual_seed(7)
X = torch.rand(900, 4) * 2 - 1
Y = (X[:, :1] ** 2 + X[:, 1:2] * X[:, 2:3] * 2 + X[:, 3:].abs()) * 2
net = nn.Sequential(nn.Linear(4, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
t = Trainer(net, opt, torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.9))
t.fit(list(zip(X[:720].split(24), Y[:720].split(24), strict=True)), epochs=30)
print("final val_l1", nn.functional.l1_loss(net(X[720:]), Y[720:]).item())
