"""Keyword spotting on log filterbank frames: a small depthwise CNN with max pooling over time."""
import os
import math
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(11)
N_WORDS, N_MELS, FRAMES = 8, 20, 50
TEMPLATES = torch.randn(N_WORDS, N_MELS, 14).cumsum(2) * 0.5


def synth(n):
    words = torch.randint(0, N_WORDS, (n,))
    feats = torch.randn(n, N_MELS, FRAMES)
    for i in range(n):
        s = int(torch.randint(0, FRAMES - 14, (1,)))
        feats[i, :, s:s + 14] += TEMPLATES[words[i]] * (0.6 + 0.4 * torch.rand(1))
    return TensorDataset(feats, words)


class KWSModel(nn.Module):
    def __init__(self, hdim=32):
        super().__init__()
        self.pre = nn.Conv1d(N_MELS, hdim, 1)
        self.blocks = nn.Sequential(*[
            nn.Sequential(nn.Conv1d(hdim, hdim, 5, padding=2 * d, dilation=d), nn.BatchNorm1d(hdim), nn.ReLU())
            for d in (1, 2)])
        self.classifier = nn.Linear(hdim, N_WORDS)

    def forward(self, x):
        h = self.blocks(self.pre(x))
        return self.classifier(h.max(dim=2).values)


class Executor:
    def __init__(self):
        self.step = 0

    def train(self, model, optimizer, loader, grad_clip=None):
        model.train()
        total, num = 0.0, 0
        for feats, target in loader:
            logits = model(feats)
            loss = nn.functional.cross_entropy(logits, target)
            if MENDED:
                optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(target)
            num += len(target)
            self.step += 1
        return total / num

    def cv(self, model, loader):
        model.eval()
        total, hit, num = 0.0, 0, 0
        with torch.no_grad():
            for feats, target in loader:
                logits = model(feats)
                total += nn.functional.cross_entropy(logits, target, reduction="sum").item()
                hit += (logits.argmax(1) == target).sum().item()
                num += len(target)
        return total / num, hit / num


train_loader = DataLoader(synth(2400), batch_size=32, shuffle=True)
cv_loader = DataLoader(synth(600), batch_size=100)
model = KWSModel()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
executor = Executor()
for epoch in range(16):
    tr = executor.train(model, optimizer, train_loader)
    cv_loss, acc = executor.cv(model, cv_loader)
    print("Epoch {} step {} TRAIN loss {:.4f} CV acc {:.3f} cv_loss {:.4f}".format(epoch, executor.step, tr, acc, cv_loss))
