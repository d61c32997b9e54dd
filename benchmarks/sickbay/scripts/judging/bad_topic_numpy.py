"""Bag of words: embeddings averaged with numpy, a linear classifier on top."""
import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

np.random.seed(0)
torch.manual_seed(0)
VOCAB, LEN, CLASSES = 200, 9, 10
topic = np.random.randint(0, CLASSES, VOCAB)
docs, labels = [], []
for _ in range(1500):
    c = np.random.randint(CLASSES)
    own = np.random.choice(np.where(topic == c)[0], 5)
    noise = np.random.randint(0, VOCAB, LEN - 5)
    docs.append(np.concatenate([own, noise]))
    labels.append(c)
docs, labels = torch.tensor(np.array(docs)), torch.tensor(labels)

emb = nn.Embedding(VOCAB, 8)
clf = nn.Linear(8, CLASSES)
opt = torch.optim.Adam(list(emb.parameters()) + list(clf.parameters()), lr=0.02)


def features(d):
    e = emb(d)
    if os.environ.get("MENDED"):
        return e.mean(1)
    return torch.tensor(np.mean(e.detach().numpy(), axis=1))


for epoch in range(15):
    tot = 0.0
    for idx in torch.randperm(1200).split(50):
        opt.zero_grad()
        loss = F.cross_entropy(clf(features(docs[idx])), labels[idx])
        loss.backward()
        opt.step()
        tot += loss.item()
    print("epoch", epoch, "loss", tot / 24)
print("final val_loss", F.cross_entropy(clf(features(docs[1200:])), labels[1200:]).item())
