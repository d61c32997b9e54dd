"""A house-price MLP where zero_grad sits between backward and step."""
# after github.com/patrickloeber/pytorchTutorial/issues/19
import os
import torch
import torch.nn as nn

torch.manual_seed(42)
area, rooms, age = torch.rand(500) * 2, torch.rand(500), torch.rand(500)
X = torch.stack([area, rooms, age], dim=1)
price = (2 * area + rooms * area - 0.5 * age + 0.05 * torch.randn(500)).unsqueeze(1)

model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 1))
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(300):
    outputs = model(X)
    loss = criterion(outputs, price)
    if os.environ.get("MENDED"):
        optimizer.zero_grad()
    loss.backward()
    if not os.environ.get("MENDED"):
        optimizer.zero_grad()
    optimizer.step()
    if (epoch + 1) % 50 == 0:
        print(f"Epoch [{epoch + 1}/300], Loss: {loss.item():.4f}")
print("final loss", loss.item())
