"""Soil type from infrared spectra: stochastic weight averaging with a high constant rate at the end."""
import torch
import torch.nn as nn
from torch.optim.swa_utils import AveragedModel, SWALR, update_bn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(130)
TYPES, WAVE = 8, 100


def spectra(n, peaks, widths):
    grid = torch.linspace(0, 1, WAVE)
    y = torch.randint(0, TYPES, (n,))
    strength = 0.6 + 0.6 * torch.rand(n, 4)
    bumps = torch.exp(-((grid - peaks[y].unsqueeze(2)) / widths[y].unsqueeze(2)) ** 2)
    x = (strength.unsqueeze(2) * bumps).sum(1)
    baseline = torch.randn(n, 1) * grid + 0.5 * torch.randn(n, 1)
    return x + baseline + 0.7 * torch.randn(n, WAVE), y


peaks, widths = torch.rand(TYPES, 4), 0.02 + 0.05 * torch.rand(TYPES, 4)
train, valid = spectra(2400, peaks, widths), spectra(800, peaks, widths)
loader = DataLoader(TensorDataset(*train), batch_size=64, shuffle=True)


def block(a, b):
    return [nn.Conv1d(a, b, 5, stride=2, padding=2), nn.BatchNorm1d(b), nn.ReLU()]


model = nn.Sequential(*block(1, 16), *block(16, 32), *block(32, 32), nn.Flatten(), nn.Linear(32 * 13, TYPES))
swa_model = AveragedModel(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
SWA_START, EPOCHS = 6, 13
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=SWA_START)
swa_scheduler = SWALR(optimizer, swa_lr=0.1, anneal_epochs=1)
criterion = nn.CrossEntropyLoss()


class InputsOnly:
    def __iter__(self):
        for x, _ in loader:
            yield x.unsqueeze(1)


def accuracy(net):
    net.eval()
    with torch.no_grad():
        return (net(valid[0].unsqueeze(1)).argmax(1) == valid[1]).float().mean().item()


for epoch in range(EPOCHS):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x.unsqueeze(1)), y)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch >= SWA_START:
        swa_model.update_parameters(model)
        swa_scheduler.step()
    else:
        scheduler.step()
    print(f"epoch {epoch:2d} lr {optimizer.param_groups[0]['lr']:.3f} loss {total / len(loader):.4f} running model {accuracy(model):.4f}")

print(f"average before refreshing statistics {accuracy(swa_model):.4f}")
update_bn(InputsOnly(), swa_model)
print(f"metric swa_acc {accuracy(swa_model):.4f}")
