"""Well: 40 % of the labels are random on purpose; the loss rests high and the training accuracy near 0.65, the clean accuracy is high."""
# looks like a net that does not learn: the floor of the loss is about 1.3 nats, that of a perfect model under this noise
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
K, NOISE = 8, 0.4
centres = 1.6 * torch.randn(K, 16)


def sample(n, noisy):
    clean = torch.randint(K, (n,))
    x = centres[clean] + torch.randn(n, 16)
    given = torch.where(torch.rand(n) < NOISE, torch.randint(K, (n,)), clean) if noisy else clean
    return TensorDataset(x, given)


train = DataLoader(sample(8000, True), batch_size=100, shuffle=True)
test = DataLoader(sample(1000, False), batch_size=500)
model = nn.Sequential(nn.Linear(16, 48), nn.ReLU(), nn.Linear(48, K))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
for epoch in range(10):
    model.train()
    total = right = 0.0
    for x, y in train:
        logits = model(x)
        loss = nn.functional.cross_entropy(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y) / 8000
        right += (logits.argmax(1) == y).sum().item() / 8000
    model.eval()
    with torch.no_grad():
        clean = sum((model(x).argmax(1) == y).sum().item() for x, y in test) / 1000
    print(f"epoch {epoch} noisy loss {total:.3f} noisy acc {right:.3f} clean acc {clean:.3f}")
print("final clean_accuracy", clean)
