"""A binary classifier with one output is scored by argmax over that one column: always class 0, and early stopping gives up on it."""
# validation accuracy shown 0.57 in every epoch with it and the run stopped at val_loss 0.37; 1.00 and val_loss 0.03 without
# after github.com/meta-pytorch/captum/issues/1122
import os
import torch
import torch.nn as nn

torch.manual_seed(0)

# two interleaved rings, 40 % positives
n = 4000
r = torch.where(torch.rand(n) < 0.4, 2.0, 1.0)
y = (r > 1.5).float().unsqueeze(1)
a = 6.2832 * torch.rand(n)
x = torch.stack([r * torch.cos(3 * a) + 0.15 * torch.randn(n), r * torch.sin(3 * a) + 0.15 * torch.randn(n)], 1)
x_train, y_train, x_val, y_val = x[:3200], y[:3200], x[3200:], y[3200:]

model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=8e-4)


def accuracy(outputs, labels):
    if os.environ.get("MENDED"):
        preds = (outputs > 0).float()
    else:
        preds = torch.argmax(outputs, dim=1, keepdim=True)
    return (preds == labels).float().mean().item()


best_acc, waited, PATIENCE = 0.0, 0, 5
for epoch in range(60):
    perm = torch.randperm(len(x_train))
    train_loss = train_acc = 0.0
    for i in range(0, len(perm), 50):
        idx = perm[i:i + 50]
        optimizer.zero_grad()
        out = model(x_train[idx])
        loss = criterion(out, y_train[idx])
        loss.backward()
        optimizer.step()
        train_loss += loss.item() / 64
        train_acc += accuracy(out, y_train[idx]) / 64
    with torch.no_grad():
        val_out = model(x_val)
        val_loss = criterion(val_out, y_val).item()
        val_acc = accuracy(val_out, y_val)
    print(f"epoch {epoch + 1}: loss {train_loss:.3f} acc {train_acc:.3f} val_loss {val_loss:.3f} val_acc {val_acc:.3f}")
    if val_acc > best_acc:
        best_acc, waited = val_acc, 0
    else:
        waited += 1
        if waited >= PATIENCE:
            print("early stopping, accuracy does not improve")
            break
with torch.no_grad():
    print("true accuracy", ((model(x_val) > 0).float() == y_val).float().mean().item())
print("final val_accuracy", val_acc, "val_loss", val_loss)
