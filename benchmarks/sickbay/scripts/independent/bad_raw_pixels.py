"""Images go into a small conv net as raw 0..255 values, at a learning rate meant for 0..1: the net dies and stays at ln(10)."""
# accuracy 0.11 with it, 1.00 without
# after github.com/soumith/imagenet-multiGPU.torch/pull/18 and many questions on a loss that stays at 2.303
import os
import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(1)
rng = np.random.RandomState(1)


def make_digits(n, proto):
    labels = rng.randint(0, 10, size=n)
    imgs = proto[labels] + rng.normal(0, 45, size=(n, 16, 16))
    return np.clip(imgs, 0, 255).astype(np.uint8), labels.astype(np.int64)


proto = rng.uniform(0, 255, size=(10, 4, 4)).repeat(4, axis=1).repeat(4, axis=2)
train_images, train_labels = make_digits(3000, proto)
test_images, test_labels = make_digits(500, proto)


def to_batch(images):
    t = torch.from_numpy(images).float().unsqueeze(1)
    if os.environ.get("MENDED"):
        t = t / 255.0
    return t


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc1 = nn.Linear(16 * 4 * 4, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


net = LeNet()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.02, momentum=0.9)

for epoch in range(12):
    running_loss = 0.0
    order = rng.permutation(len(train_images))
    for k in range(0, len(order), 60):
        b = order[k:k + 60]
        inputs, targets = to_batch(train_images[b]), torch.from_numpy(train_labels[b])
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, targets)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    print('[%d] loss: %.3f' % (epoch + 1, running_loss / 50))
with torch.no_grad():
    acc = (net(to_batch(test_images)).argmax(1) == torch.from_numpy(test_labels)).float().mean().item()
print("final accuracy", acc)
