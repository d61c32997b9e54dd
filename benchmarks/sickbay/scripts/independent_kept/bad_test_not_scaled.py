"""Training patches are standardized per band, test patches go in raw, so the test accuracy is near chance although training is perfect."""
# test accuracy 0.18 (chance 0.17) with it, 1.00 without
# after https://github.com/JeasunLok/ResNet-pytorch/issues/1 and https://github.com/mlpack/examples/pull/213
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(2023)
BANDS, CLASSES, SIDE = 12, 6, 7
signature = 900 + 400 * torch.rand(CLASSES, BANDS) + torch.linspace(0, 1500, BANDS)


def make_scene(n):
    label = torch.randint(CLASSES, (n,))
    patch = signature[label][:, :, None, None] + 140 * torch.randn(n, BANDS, SIDE, SIDE)
    patch = patch + 100 * torch.randn(n, 1, 1, 1)
    return patch, label


class HSIData(Dataset):
    def __init__(self, data, label, transform=None):
        self.data, self.label, self.transform = data, label, transform

    def __getitem__(self, index):
        img = self.data[index]
        if self.transform is not None:
            img = self.transform(img)
        return img, self.label[index]

    def __len__(self):
        return len(self.label)


class Normalize:
    def __init__(self, mean, std):
        self.mean = mean.view(-1, 1, 1)
        self.std = std.view(-1, 1, 1)

    def __call__(self, img):
        return (img - self.mean) / self.std


class BasicBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c)
        self.conv2, self.bn2 = nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(x + self.bn2(self.conv2(out)))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(BANDS, 24, 3, padding=1)
        self.layer1, self.layer2 = BasicBlock(24), BasicBlock(24)
        self.fc = nn.Linear(24, CLASSES)

    def forward(self, x):
        x = self.layer2(self.layer1(F.relu(self.conv(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


train_data, train_label = make_scene(1600)
test_data, test_label = make_scene(500)
norm = Normalize(train_data.mean((0, 2, 3)), train_data.std((0, 2, 3)))

Label_train = DataLoader(HSIData(train_data, train_label, norm), batch_size=32, shuffle=True)
Label_test = DataLoader(HSIData(test_data, test_label), batch_size=100, shuffle=False)

model = ResNet()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.5)

for epoch in range(8):
    model.train()
    hit = tot = 0
    for x, y in Label_train:
        optimizer.zero_grad()
        out = model(x)
        loss = F.cross_entropy(out, y)
        loss.backward()
        optimizer.step()
        hit += (out.argmax(1) == y).sum().item()
        tot += len(y)
    scheduler.step()
    print("Epoch: {:03d} | train_loss: {:.4f} | train_acc: {:.4f}".format(epoch + 1, loss.item(), hit / tot))

model.eval()
with torch.no_grad():
    good = sum((model(x).argmax(1) == y).sum().item() for x, y in Label_test)
print("Final test accuracy: {:.4f}".format(good / len(test_label)))
