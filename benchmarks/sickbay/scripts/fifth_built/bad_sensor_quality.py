"""Plant sensor table -> is the product a reject? Small data, big MLP, early stopping with the best weights restored at the end."""
import copy
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(5)


def make_table(n, g):
    x = torch.randn(n, 40, generator=g)
    y = 1.2 * torch.tanh(x[:, 0] + x[:, 1]) + 0.8 * x[:, 2] * x[:, 3].sign() + 0.5 * x[:, 4]
    return x, (y + 0.9 * torch.randn(n, generator=g) > 0.3).float().unsqueeze(1)


class QualityNet(nn.Module):
    def __init__(self, n_in, width=256):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_in, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
                                    nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, x):
        return self.layers(x)


class Trainer:
    def __init__(self, model, lr=1e-3, epochs=50):
        self.model = model
        self.epochs = epochs
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.BCEWithLogitsLoss()
        self.best_loss = float("inf")
        self.best_model_dict = None
        self.best_epoch = -1

    def evaluate(self, loader):
        self.model.eval()
        total, n = 0.0, 0
        with torch.no_grad():
            for x, y in loader:
                total += self.criterion(self.model(x), y).item() * len(x)
                n += len(x)
        return total / n

    def fit(self, train_loader, val_loader):
        for epoch in range(self.epochs):
            self.model.train()
            running = 0.0
            for x, y in train_loader:
                self.optimizer.zero_grad()
                loss = self.criterion(self.model(x), y)
                loss.backward()
                self.optimizer.step()
                running += loss.item()
            val_loss = self.evaluate(val_loader)
            if val_loss < self.best_loss:
                self.best_loss, self.best_epoch = val_loss, epoch
                if MENDED:
                    self.best_model_dict = copy.deepcopy(self.model.state_dict())
                else:
                    self.best_model_dict = self.model.state_dict()
            if epoch % 5 == 4:
                print(f"epoch {epoch + 1} train {running / len(train_loader):.4f} val {val_loss:.4f} "
                      f"best {self.best_loss:.4f} @ {self.best_epoch + 1}")
        self.model.load_state_dict(self.best_model_dict)
        print(f"restored the weights of epoch {self.best_epoch + 1} with val {self.best_loss:.4f}")


gen = torch.Generator().manual_seed(1)
train = DataLoader(TensorDataset(*make_table(700, gen)), batch_size=32, shuffle=True)
val = DataLoader(TensorDataset(*make_table(400, gen)), batch_size=200)
test = DataLoader(TensorDataset(*make_table(3000, gen)), batch_size=500)

trainer = Trainer(QualityNet(40))
trainer.fit(train, val)
print(f"test_bce {trainer.evaluate(test):.4f}")
