"""Multi-label tags through a softmax and BCELoss: the scores of one photo share a total of 1, so several tags cannot all be on."""
# f1 0.14 with it, 0.92 without
# after github.com/torchgeo/torchgeo/pull/791 and github.com/Pilhyeon/BaSNet-pytorch/issues/19
import os
import torch
import torch.nn as nn

torch.manual_seed(6)
TAGS = ["sea", "beach", "forest", "road", "snow", "city", "night", "people"]
W = torch.randn(32, len(TAGS)) * 0.6
feats = torch.randn(3600, 32)
tags = ((feats @ W + 0.5 * torch.randn(3600, len(TAGS))) > 0.8).float()
print("tags per photo", tags.sum(1).mean().item())


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(32, 64)
        self.bn = nn.BatchNorm1d(64)
        self.fc2 = nn.Linear(64, len(TAGS))

    def forward(self, x):
        scores = self.fc2(torch.relu(self.bn(self.fc1(x))))
        if os.environ.get("MENDED"):
            return torch.sigmoid(scores)
        return torch.softmax(scores, dim=1)


def f1(p, y):
    tp = (p * y).sum()
    return (2 * tp / (p.sum() + y.sum()).clamp(min=1)).item()


model = Tagger()
bce = nn.BCELoss()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(20):
    model.train()
    for i in torch.randperm(3000).split(60):
        opt.zero_grad()
        loss = bce(model(feats[i]), tags[i])
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        out = model(feats[3000:])
        score = f1((out > 0.5).float(), tags[3000:])
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1} loss {loss.item():.4f} val f1 {score:.3f} predicted tags per photo {(out > 0.5).sum(1).float().mean().item():.2f}")
print("final f1", score)
