"""SGD with momentum at a learning rate of 0.2 on a plain convolutional net: the first updates kill the ReLUs and the loss stays at ln(10)."""
# accuracy 0.10 (chance) with it, 1.00 without (lr 0.01)
# after https://discuss.pytorch.org/t/cross-entropy-loss-is-not-decreasing/43814
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

torch.manual_seed(1)
protos = F.interpolate(torch.rand(10, 1, 5, 5), size=(16, 16), mode='bilinear')


def get_split(n):
    y = torch.randint(0, 10, (n,))
    x = protos[y]
    shift = torch.randint(-2, 3, (n, 2))
    x = torch.stack([torch.roll(im, tuple(s.tolist()), (1, 2)) for im, s in zip(x, shift)])
    x = (x + 0.15 * torch.randn_like(x) - 0.5) / 0.25
    return x, y


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 32, 3, padding=1)
        self.fc1 = nn.Linear(32 * 4 * 4, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.conv3(x))
        x = x.view(-1, 32 * 4 * 4)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


trainx, trainy = get_split(4000)
testx, testy = get_split(800)

net = Net()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.2, momentum=0.9)

for epoch in range(6):
    perm = torch.randperm(len(trainx))
    running_loss = 0.0
    for i in range(0, len(trainx), 40):
        idx = perm[i:i + 40]
        optimizer.zero_grad()
        outputs = net(trainx[idx])
        loss = criterion(outputs, trainy[idx])
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    print('epoch %d loss = %.6f' % (epoch, running_loss / 100))

with torch.no_grad():
    correct = (net(testx).argmax(1) == testy).sum().item()
print('Accuracy of the network on the test images: %.1f %%' % (100 * correct / len(testx)))
