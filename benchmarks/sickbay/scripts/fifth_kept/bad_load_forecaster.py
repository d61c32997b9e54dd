"""Electric load with repeating events: an attention forecaster which has to look the last such event up in the window."""
import math
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(13)
L, EVENTS = 48, 12


def windows(n):
    kind = torch.stack([torch.randperm(4 * EVENTS)[:L] % EVENTS for _ in range(n)])
    level = torch.randn(n, EVENTS) * 1.0
    load = level.gather(1, kind) + 0.05 * torch.randn(n, L)
    x = torch.cat([F.one_hot(kind, EVENTS).float(), load.unsqueeze(-1)], -1)
    query = torch.randint(0, EVENTS, (n,))
    asked = torch.cat([F.one_hot(query, EVENTS).float(), torch.zeros(n, 1)], -1).unsqueeze(1)
    return TensorDataset(torch.cat([x[:, 1:], asked], 1), level.gather(1, query[:, None]).squeeze(1))


class AttentionLayer(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.query_projection = nn.Linear(d_model, d_model)
        self.key_projection = nn.Linear(d_model, d_model)
        self.value_projection = nn.Linear(d_model, d_model)
        self.out_projection = nn.Linear(d_model, d_model)

    def forward(self, queries, keys, values):
        B, L_Q, _ = queries.shape
        L_K = keys.shape[1]
        H = self.n_heads
        q = self.query_projection(queries).view(B, L_Q, H, -1)
        k = self.key_projection(keys).view(B, L_K, H, -1)
        v = self.value_projection(values).view(B, L_K, H, -1)
        if MENDED:
            q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
        else:
            q, k, v = q.view(B, H, L_Q, -1), k.view(B, H, L_K, -1), v.view(B, H, L_K, -1)
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        context = torch.softmax(scores, dim=-1) @ v
        if MENDED:
            context = context.transpose(1, 2).contiguous()
        return self.out_projection(context.reshape(B, L_Q, -1))


class EncoderLayer(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.attention = AttentionLayer(d_model, n_heads)
        self.ff = nn.Sequential(nn.Linear(d_model, 2 * d_model), nn.GELU(), nn.Linear(2 * d_model, d_model))
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)

    def forward(self, x):
        h = self.norm1(x)
        x = x + self.attention(h, h, h)
        return x + self.ff(self.norm2(x))


class Forecaster(nn.Module):
    def __init__(self, d_model=32, n_heads=4, layers=2):
        super().__init__()
        self.embed = nn.Linear(EVENTS + 1, d_model)
        self.layers = nn.ModuleList([EncoderLayer(d_model, n_heads) for _ in range(layers)])
        self.head = nn.Linear(d_model, 1)

    def forward(self, x):
        h = self.embed(x)
        for layer in self.layers:
            h = layer(h)
        return self.head(h[:, -1]).squeeze(-1)


train_loader = DataLoader(windows(5000), batch_size=64, shuffle=True)
vali_loader = DataLoader(windows(800), batch_size=200)
model = Forecaster()
optim = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(10):
    model.train()
    losses = []
    for x, y in train_loader:
        optim.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optim.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        vali = sum(F.mse_loss(model(x), y).item() for x, y in vali_loader) / len(vali_loader)
    print("Epoch: {0} | Train Loss: {1:.5f} | vali_loss {2:.5f}".format(epoch + 1, sum(losses) / len(losses), vali))
