"""StepLR(step_size=7, gamma=0.5), meant for epochs, is stepped after each batch: after two epochs the learning rate is gone."""
# validation accuracy 0.56 with it, 0.90 without
# after github.com/ivadomed/ivadomed/pull/55 and github.com/pytorch/pytorch/issues/3814
import os

import torch
import torch.nn as nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)
CFG = dict(epochs=20, lr=0.05, batch=50, step_size=7, gamma=0.5)

n = 3000
x = torch.rand(n, 2) * 4 - 2
y = ((torch.sin(3 * x[:, 0]) + torch.cos(3 * x[:, 1])) > 0).long()
train_set, val_set = random_split(TensorDataset(x, y), [2500, 500])
loaders = {'train': DataLoader(train_set, batch_size=CFG['batch'], shuffle=True), 'val': DataLoader(val_set, batch_size=250)}

model = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=CFG['lr'], momentum=0.9)
exp_lr_scheduler = lr_scheduler.StepLR(optimizer, step_size=CFG['step_size'], gamma=CFG['gamma'])

for epoch in range(CFG['epochs']):
    for phase in ['train', 'val']:
        model.train() if phase == 'train' else model.eval()
        running_loss, running_corrects, seen = 0.0, 0, 0
        for inputs, labels in loaders[phase]:
            optimizer.zero_grad()
            with torch.set_grad_enabled(phase == 'train'):
                outputs = model(inputs)
                loss = criterion(outputs, labels)
                if phase == 'train':
                    loss.backward()
                    optimizer.step()
                    if not os.environ.get("MENDED"):
                        exp_lr_scheduler.step()
            running_loss += loss.item() * len(labels)
            running_corrects += (outputs.argmax(1) == labels).sum().item()
            seen += len(labels)
        if phase == 'train' and os.environ.get("MENDED"):
            exp_lr_scheduler.step()
        print('{} Loss: {:.4f} Acc: {:.4f}'.format(phase, running_loss / seen, running_corrects / seen))
print("final val_accuracy", running_corrects / seen)
