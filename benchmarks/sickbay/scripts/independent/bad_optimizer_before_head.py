"""Fine-tuning: the optimizer is made before model.fc is replaced, so the new head stays as it was drawn."""
# accuracy 0.29 with it, 0.97 without
# after github.com/pytorch/pytorch/issues/14467 and github.com/zjunlp/HVPNeT/issues/5
import os
import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(12)


class SmallResNet(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(30, 64), nn.ReLU())
        self.layer1 = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64))
        self.layer2 = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64))
        self.fc = nn.Linear(64, num_classes)

    def forward(self, x):
        x = self.stem(x)
        x = torch.relu(x + self.layer1(x))
        x = torch.relu(x + self.layer2(x))
        return self.fc(x)


basis = torch.randn(10, 30)
protos_a, protos_b = torch.randn(25, 10), torch.randn(12, 10)


def data(protos, n):
    y = torch.randint(len(protos), (n,))
    z = protos[y] + 0.45 * torch.randn(n, 10)
    return torch.tanh(z @ basis * 0.3) + 0.15 * torch.randn(n, 30), y


def train_model(model, xy, optimizer, criterion, num_epochs, bs=50):
    x, y = xy
    for epoch in range(num_epochs):
        run = 0.0
        for idx in torch.randperm(len(x)).split(bs):
            optimizer.zero_grad()
            loss = criterion(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
            run += loss.item() * len(idx)
        print('Epoch {}/{} Loss: {:.4f}'.format(epoch, num_epochs - 1, run / len(x)))
    return model


def accuracy(model, xy):
    with torch.no_grad():
        return (model(xy[0]).argmax(1) == xy[1]).float().mean().item()


criterion = nn.CrossEntropyLoss()
print("pre-training on 25 classes")
model = SmallResNet(25)
train_model(model, data(protos_a, 3000), optim.Adam(model.parameters(), lr=1e-3), criterion, 6)

print("fine-tuning on 12 classes")
# keep what was learned: the body slowly, the head faster
for p in model.parameters():
    p.requires_grad = False
for p in model.layer2.parameters():
    p.requires_grad = True
if os.environ.get("MENDED"):
    model.fc = nn.Linear(64, 12)
model.fc.requires_grad_(True)
optimizer = optim.SGD([
    {'params': model.layer2.parameters(), 'lr': 1e-4},
    {'params': model.fc.parameters(), 'lr': 2e-2}], momentum=0.9)
if not os.environ.get("MENDED"):
    model.fc = nn.Linear(64, 12)
small = data(protos_b, 1200)
train_model(model, small, optimizer, criterion, 20)
print("final accuracy", accuracy(model, data(protos_b, 1000)))
