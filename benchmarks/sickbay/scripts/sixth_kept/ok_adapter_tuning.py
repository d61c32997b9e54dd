"""Low-rank adapters: a frozen pretrained net is moved to a shifted task by small side matrices."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(34)
D, CLASSES = 32, 8
protos = torch.randn(CLASSES, D)
turn = torch.linalg.qr(torch.eye(D) + 0.6 * torch.randn(D, D) / D ** 0.5)[0]


def draw(n, moved):
    y = torch.randint(0, CLASSES, (n,))
    x = protos[y] + 0.9 * torch.randn(n, D)
    return (x @ turn if moved else x), y


class LoRALinear(nn.Module):
    def __init__(self, base, rank=6, scale=2.0):
        super().__init__()
        self.base, self.scale = base, scale
        for p in self.base.parameters():
            p.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(rank, base.in_features) / math.sqrt(base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.A.t() @ self.B.t())


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1, self.l2 = nn.Linear(D, 96), nn.Linear(96, 96)
        self.norm = nn.LayerNorm(96)
        self.head = nn.Linear(96, CLASSES)

    def forward(self, x):
        h = F.gelu(self.l1(x))
        return self.head(self.norm(h + F.gelu(self.l2(h))))


model = Net()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(300):
    x, y = draw(64, moved=False)
    loss = F.cross_entropy(model(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
print(f"pretrained, loss {loss.item():.3f}")

for p in model.parameters():
    p.requires_grad_(False)
model.l1 = LoRALinear(model.l1)
model.l2 = LoRALinear(model.l2)
trainable = [p for p in model.parameters() if p.requires_grad]
n_all = sum(p.numel() for p in model.parameters())
print(f"training {sum(p.numel() for p in trainable)} of {n_all} parameters")
optimizer = torch.optim.AdamW(trainable, lr=3e-3, weight_decay=0.0)
train_x, train_y = draw(1500, moved=True)
val_x, val_y = draw(800, moved=True)


def accuracy():
    model.eval()
    with torch.no_grad():
        a = (model(val_x).argmax(1) == val_y).float().mean().item()
    model.train()
    return a


print(f"before tuning val acc {accuracy():.3f}")
for epoch in range(20):
    order = torch.randperm(len(train_x))
    total = 0.0
    for i in range(0, len(order), 50):
        idx = order[i:i + 50]
        loss = F.cross_entropy(model(train_x[idx]), train_y[idx])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 2 == 0 or epoch == 19:
        print(f"epoch {epoch} loss {total / 30:.4f} val acc {accuracy():.3f}")

print(f"metric val_acc {accuracy():.4f}")
