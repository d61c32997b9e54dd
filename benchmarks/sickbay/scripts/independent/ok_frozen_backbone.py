"""Well: a backbone pre-trained in the first half is frozen, kept in eval mode, and only a new head is trained on few images."""
# most parameters get no gradient and never move, on purpose; the optimizer is made after the head is replaced
import torch
import torch.nn as nn

torch.manual_seed(33)


class Net(nn.Module):
    def __init__(self, n_out):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(24, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 48), nn.BatchNorm1d(48), nn.ReLU())
        self.head = nn.Linear(48, n_out)

    def forward(self, x):
        return self.head(self.backbone(x))

    def freeze(self):
        for p in self.backbone.parameters():
            p.requires_grad_(False)
        self.frozen = True

    def train(self, mode=True):
        super().train(mode)
        if getattr(self, "frozen", False):
            self.backbone.eval()
        return self


mixing = torch.randn(8, 24) * 0.7
many, few = torch.randn(20, 8) * 1.2, torch.randn(6, 8) * 1.2


def draw(protos, n):
    y = torch.randint(len(protos), (n,))
    return torch.sin((protos[y] + 0.4 * torch.randn(n, 8)) @ mixing), y


def loop(net, opt, x, y, epochs, name):
    for e in range(epochs):
        net.train()
        for i in torch.randperm(len(x)).split(40):
            loss = nn.functional.cross_entropy(net(x[i]), y[i])
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(name, e, round(loss.item(), 4))


net = Net(20)
loop(net, torch.optim.Adam(net.parameters(), lr=2e-3), *draw(many, 4000), 10, "pretrain")
net.head = nn.Linear(48, 6)
net.freeze()
loop(net, torch.optim.Adam(net.head.parameters(), lr=5e-3), *draw(few, 240), 40, "head")
net.eval()
x, y = draw(few, 1000)
with torch.no_grad():
    print("final accuracy", (net(x).argmax(1) == y).float().mean().item())
