"""Stateful GRU on a long tide record: truncated back-propagation, the state is carried and detached."""
import numpy as np
import torch
from torch import nn

rng = np.random.default_rng(80)
torch.manual_seed(80)


def tide_record(n):
    t = np.arange(n) / 2.0
    level = 1.2 * np.sin(2 * np.pi * t / 12.42) + 0.5 * np.sin(2 * np.pi * t / 12.0) + 0.35 * np.sin(2 * np.pi * t / 25.8 + 1)
    surge = np.zeros(n)
    for k in range(1, n):
        surge[k] = 0.97 * surge[k - 1] + 0.06 * rng.normal()
    return (level + surge).astype(np.float32)


STREAMS, CHUNK, LEAD = 16, 30, 4
record = torch.from_numpy(tide_record(STREAMS * 1000))
record = (record - record.mean()) / record.std()
streams = record.view(STREAMS, 1000).t()
train, test = streams[:800], streams[800:]


class TideNet(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.cell = nn.GRU(1, hidden)
        self.read = nn.Linear(hidden, 1)

    def forward(self, x, state=None):
        h, state = self.cell(x.unsqueeze(-1), state)
        return x + self.read(h).squeeze(-1), state


net = TideNet()
optimizer = torch.optim.RMSprop(net.parameters(), lr=2e-3)
loss_fn = nn.MSELoss()


def chunks(seq):
    for k in range(0, len(seq) - CHUNK - LEAD, CHUNK):
        yield seq[k:k + CHUNK], seq[k + LEAD:k + LEAD + CHUNK]


for epoch in range(12):
    net.train()
    state = None
    total = []
    for x, target in chunks(train):
        pred, state = net(x, state)
        loss = loss_fn(pred, target)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        state = state.detach()
        total.append(loss.item())
    if epoch == 8:
        optimizer.param_groups[0]["lr"] = 5e-4
    net.eval()
    with torch.no_grad():
        _, state = net(train)
        pred, _ = net(test[:-LEAD], state)
        skill = 1 - loss_fn(pred, test[LEAD:]) / loss_fn(test[:-LEAD], test[LEAD:])
    print(f"epoch {epoch:2d} train mse {np.mean(total):.4f} skill over persistence {skill.item():.4f}")
print(f"metric skill {skill.item():.4f}")
