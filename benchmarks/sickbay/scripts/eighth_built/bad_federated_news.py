"""Federated averaging over ten newsrooms: topic classification from bags of words."""
import copy
import os

import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
np.random.seed(2)
torch.manual_seed(2)
TOPICS, WORDS, CLIENTS = 20, 300, 10

topic_word = np.random.dirichlet(np.full(WORDS, 0.08), TOPICS)


def articles(n, topic_mix):
    y = np.random.choice(TOPICS, n, p=topic_mix)
    background = np.full(WORDS, 1 / WORDS)
    x = np.stack([np.random.multinomial(40, 0.35 * topic_word[c] + 0.65 * background) for c in y])
    return torch.tensor(np.sqrt(x), dtype=torch.float32), torch.tensor(y)


class MLP(nn.Module):
    def __init__(self, dim_in, dim_hidden, dim_out):
        super().__init__()
        self.layer_input = nn.Linear(dim_in, dim_hidden)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.2)
        self.layer_hidden = nn.Linear(dim_hidden, dim_out)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        x = self.relu(self.dropout(self.layer_input(x)))
        x = self.layer_hidden(x)
        return x if MENDED and self.training else self.softmax(x)


class LocalUpdate:
    def __init__(self, data):
        self.x, self.y = data
        self.loss_func = nn.CrossEntropyLoss()

    def train(self, net, epochs=3, bs=25, lr=0.05):
        net.train()
        optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.5)
        losses = []
        for _ in range(epochs):
            for idx in torch.randperm(len(self.y)).split(bs):
                net.zero_grad()
                loss = self.loss_func(net(self.x[idx]), self.y[idx])
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
        return net.state_dict(), float(np.mean(losses))


def fed_avg(states):
    avg = copy.deepcopy(states[0])
    for key in avg:
        avg[key] = torch.stack([s[key] for s in states]).mean(0)
    return avg


clients = [LocalUpdate(articles(250, np.random.dirichlet(np.full(TOPICS, 1.0)))) for _ in range(CLIENTS)]
test_x, test_y = articles(1500, np.full(TOPICS, 1 / TOPICS))
net_glob = MLP(WORDS, 64, TOPICS)

for rnd in range(12):
    states, losses = [], []
    for c in np.random.choice(CLIENTS, 6, replace=False):
        state, loss = clients[c].train(copy.deepcopy(net_glob))
        states.append(copy.deepcopy(state))
        losses.append(loss)
    net_glob.load_state_dict(fed_avg(states))
    net_glob.eval()
    with torch.no_grad():
        acc = (net_glob(test_x).argmax(1) == test_y).float().mean().item()
    print(f"round {rnd:2d}, average loss {np.mean(losses):.3f}, test accuracy {acc:.3f}")
print(f"metric test_acc {acc:.4f}")
