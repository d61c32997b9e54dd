"""Class ids are given out in the order in which each split happens to list its folders, so training and validation use different ids."""
# validation accuracy 0.37 with it, 1.00 without (training accuracy is high in both)
# after github.com/google-deepmind/dmvr/issues/6 and github.com/uzh-rpg/rpg_event_representation_learning/issues/2
import os
import random

import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

SPECIES = ["robin", "finch", "wren", "jay", "owl", "kite", "swift", "crane"]
random.seed(11)
torch.manual_seed(11)
centres = {name: 1.3 * torch.randn(20) for name in SPECIES}


def record(split, per_class):
    # stands for walking <root>/<split>/<species>/*.wav : the file system gives folders in any order
    folders = SPECIES[:]
    random.shuffle(folders)
    files = []
    for folder in folders:
        for k in range(per_class):
            files.append(("%s/%s/%04d.wav" % (split, folder, k), centres[folder] + torch.randn(20)))
    return files


class BirdCalls(Dataset):
    def __init__(self, files):
        self.files = files
        self.classes = []
        for path, _ in files:
            name = path.split("/")[1]
            if name not in self.classes:
                self.classes.append(name)
        if os.environ.get("MENDED"):
            self.classes.sort()
        self.class_to_idx = {c: i for i, c in enumerate(self.classes)}

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        path, feats = self.files[i]
        return feats, self.class_to_idx[path.split("/")[1]]


train_ds = BirdCalls(record("train", 240))
val_ds = BirdCalls(record("val", 60))
train_dl = DataLoader(train_ds, batch_size=48, shuffle=True)
val_dl = DataLoader(val_ds, batch_size=120)

net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, len(train_ds.classes)))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
lossfn = nn.CrossEntropyLoss()


def run(dl, train):
    net.train(train)
    tot = good = 0
    ls = 0.0
    with torch.set_grad_enabled(train):
        for x, y in dl:
            logits = net(x)
            loss = lossfn(logits, y)
            if train:
                opt.zero_grad()
                loss.backward()
                opt.step()
            tot += y.numel()
            good += (logits.argmax(-1) == y).sum().item()
            ls += loss.item() * y.numel()
    return ls / tot, good / tot


for ep in range(25):
    tl, ta = run(train_dl, True)
    vl, va = run(val_dl, False)
    print(f"{ep:02d} train {tl:.3f} {ta:.3f} | val {vl:.3f} {va:.3f}")
print("final val_accuracy", va)
