import numpy as np
import torch
import torch.nn as nn

np.random.seed(12)
torch.manual_seed(12)

# "lab measurements" of 2500 wines of three cultivars
N, D = 2500, 11
cultivar = np.random.randint(0, 3, N)
centres = np.random.randn(3, D) * 1.1
measurements = centres[cultivar] + np.random.randn(N, D) * 1.2
measurements[:, 3] = measurements[:, 0] * measurements[:, 1] + 0.2 * measurements[:, 3]

# shuffle so that the hold-out is a random fifth
np.random.shuffle(measurements)
np.random.shuffle(cultivar)
n_train = N * 4 // 5
mean, std = measurements[:n_train].mean(0), measurements[:n_train].std(0)
X = torch.tensor((measurements - mean) / std, dtype=torch.float32)
Y = torch.tensor(cultivar)

net = nn.Sequential(nn.Linear(D, 100), nn.BatchNorm1d(100), nn.ReLU(), nn.Dropout(0.1),
                    nn.Linear(100, 100), nn.BatchNorm1d(100), nn.ReLU(), nn.Dropout(0.1),
                    nn.Linear(100, 3))
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
best = 0.0
history = []

for epoch in range(40):
    net.train()
    order = torch.randperm(n_train)
    running_loss, running_ok = 0.0, 0
    for start in range(0, n_train, 64):
        sel = order[start:start + 64]
        scores = net(X[sel])
        loss = loss_fn(scores, Y[sel])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running_loss += loss.item() * len(sel)
        running_ok += (scores.argmax(1) == Y[sel]).sum().item()

    net.eval()
    with torch.no_grad():
        scores = net(X[n_train:])
        v_loss = loss_fn(scores, Y[n_train:]).item()
        v_acc = (scores.argmax(1) == Y[n_train:]).float().mean().item()
    best = max(best, v_acc)
    history.append((running_loss / n_train, v_loss))
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1:3d}: train loss {history[-1][0]:.4f} train acc {running_ok / n_train:.3f} val loss {v_loss:.4f} val acc {v_acc:.3f}")

print("best validation accuracy", round(best, 3))
