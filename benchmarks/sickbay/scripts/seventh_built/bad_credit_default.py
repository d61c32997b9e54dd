"""Credit default scoring on a small table; the epoch with the lowest validation loss is kept."""
import copy
import os

import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(12)
rng = np.random.default_rng(12)

N, D = 900, 30
X = rng.normal(size=(N, D)).astype("float32")
score = X[:, 0] + 0.8 * X[:, 1] - 0.9 * X[:, 2] + 0.7 * X[:, 3] * X[:, 4]
y = (rng.random(N) < 1 / (1 + np.exp(-1.6 * score))).astype("float32")
Xt, yt = torch.tensor(X[:400]), torch.tensor(y[:400])
Xv, yv = torch.tensor(X[400:]), torch.tensor(y[400:])


class Trainer:
    def __init__(self, model, lr=2e-3, epochs=60, bs=32):
        self.model, self.epochs, self.bs = model, epochs, bs
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.loss = nn.BCEWithLogitsLoss()
        self.best_loss, self.best_epoch, self.best_weights = float("inf"), None, None
        self.keep = copy.deepcopy if MENDED else dict

    def validate(self):
        self.model.eval()
        with torch.no_grad():
            return self.loss(self.model(Xv).squeeze(-1), yv).item()

    def fit(self):
        for epoch in range(self.epochs):
            self.model.train()
            order = torch.randperm(len(Xt))
            run = 0
            for s in range(0, len(Xt), self.bs):
                i = order[s:s + self.bs]
                self.opt.zero_grad()
                loss = self.loss(self.model(Xt[i]).squeeze(-1), yt[i])
                loss.backward()
                self.opt.step()
                run += loss.item() * len(i)
            val = self.validate()
            if val < self.best_loss:
                self.best_loss, self.best_epoch = val, epoch
                self.best_weights = self.keep(self.model.state_dict())
            if epoch % 6 == 0:
                print(f"epoch {epoch} train {run / len(Xt):.4f} val {val:.4f} best so far {self.best_loss:.4f}")
        self.model.load_state_dict(self.best_weights)
        print("best epoch:", self.best_epoch)


model = nn.Sequential(nn.Linear(D, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1))
t = Trainer(model)
t.fit()
print(f"metric val_log_loss {t.validate():.4f}")
