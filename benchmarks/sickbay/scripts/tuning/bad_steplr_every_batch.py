"""StepLR(step_size=7, gamma=0.1) moved inside the batch loop."""
# after github.com/pytorch/tutorials/pull/640 (scheduler.step() per epoch not per batch)
import os
import torch
import torch.nn as nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(1280, 10)
w = torch.randn(10, 3)
y = (x @ w + torch.sin(x[:, :3] * 2)).argmax(1)
loader = DataLoader(TensorDataset(x[:1000], y[:1000]), batch_size=25, shuffle=True)
model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 3))
criterion = nn.CrossEntropyLoss()
optimizer_ft = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
exp_lr_scheduler = lr_scheduler.StepLR(optimizer_ft, step_size=7, gamma=0.1)


def train_model(model, num_epochs=12):
    for epoch in range(num_epochs):
        running_loss = 0.0
        for inputs, labels in loader:
            optimizer_ft.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer_ft.step()
            if not os.environ.get("MENDED"):
                exp_lr_scheduler.step()
            running_loss += loss.item() * inputs.size(0)
        if os.environ.get("MENDED"):
            exp_lr_scheduler.step()
        print(f"Epoch {epoch}/{num_epochs - 1} Loss: {running_loss / 1000:.4f}")
    return model


model = train_model(model)
print("final val_loss", criterion(model(x[1000:]), y[1000:]).item())
