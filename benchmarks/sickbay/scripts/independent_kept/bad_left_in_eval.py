"""validate() puts the net into eval mode and nothing ever puts it back, so all training runs with batch norm on its untouched running statistics."""
# accuracy 0.74 (another seed 0.38) with it, 1.00 without
# after https://github.com/wkentaro/pytorch-fcn/issues/57 and https://github.com/huggingface/lerobot/issues/3668
import torch
from torch import nn


class Trainer(object):

    def __init__(self, model, optimizer, train_loader, val_loader, max_epoch, interval_validate):
        self.model = model
        self.optim = optimizer
        self.train_loader = train_loader
        self.val_loader = val_loader
        self.max_epoch = max_epoch
        self.interval_validate = interval_validate
        self.iteration = 0
        self.criterion = nn.CrossEntropyLoss()

    def validate(self):
        self.model.eval()
        correct = total = 0
        with torch.no_grad():
            for data, target in self.val_loader:
                score = self.model(data)
                correct += (score.argmax(1) == target).sum().item()
                total += len(target)
        print('iteration %5d  val acc %.3f' % (self.iteration, correct / total))
        return correct / total

    def train_epoch(self):
        for data, target in self.train_loader:
            if self.iteration % self.interval_validate == 0:
                self.validate()
            self.iteration += 1
            self.optim.zero_grad()
            loss = self.criterion(self.model(data), target)
            loss.backward()
            self.optim.step()
            if self.iteration % 50 == 0:
                print('iteration %5d  loss %.4f' % (self.iteration, loss.item()))

    def train(self):
        self.model.train()
        for _ in range(self.max_epoch):
            self.train_epoch()
        return self.validate()


def vgg_bn(cfg=(12, 12, 'M', 24, 24, 'M', 32, 32, 'M'), classes=6):
    layers, c = [], 3
    for v in cfg:
        if v == 'M':
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(c, v, 3, padding=1, bias=False), nn.BatchNorm2d(v), nn.ReLU(inplace=True)]
            c = v
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(c * 4, classes))


def blobs(n):
    kinds = torch.randint(0, 6, (n,))
    img = 0.15 * torch.randn(n, 3, 16, 16)
    for i, k in enumerate(kinds.tolist()):
        r, c = torch.randint(1, 9, (2,)).tolist()
        ch = k % 3
        if k < 3:
            img[i, ch, r:r + 6, c:c + 6] += 0.4
        else:
            img[i, ch, r + 2:r + 4, c:c + 6] += 0.6
            img[i, ch, r:r + 6, c + 2:c + 4] += 0.6
    return torch.utils.data.TensorDataset(img, kinds)


if __name__ == '__main__':
    torch.manual_seed(1337)
    train_loader = torch.utils.data.DataLoader(blobs(1600), batch_size=32, shuffle=True)
    val_loader = torch.utils.data.DataLoader(blobs(400), batch_size=100)
    model = vgg_bn()
    optim = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
    acc = Trainer(model, optim, train_loader, val_loader, max_epoch=8, interval_validate=100).train()
    print('final val acc %.3f' % acc)
