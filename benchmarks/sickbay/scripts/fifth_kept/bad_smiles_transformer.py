"""Property class of a molecule string with a small transformer encoder.

Strings look like C, N, O, = , ( , ) tokens; the class is whether the first hetero atom stands before the first double bond.
"""
import math
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(1)
VOCAB = ["<cls>", "C", "c", "N", "O", "=", "(", ")", "F"]
SEQ = 24


def make_smiles(n):
    ids = torch.randint(1, 3, (n, SEQ))
    ids[:, 0] = 0
    br = torch.rand(n, SEQ) < 0.15
    ids[br] = torch.randint(6, 9, (int(br.sum()),))
    ids[:, 0] = 0
    y = torch.randint(0, 2, (n,))
    for i in range(n):
        a, b = sorted((torch.randperm(SEQ - 1)[:2] + 1).tolist())
        hetero = 3 + int(torch.randint(0, 2, (1,)))
        first, second = (hetero, 5) if y[i] else (5, hetero)
        ids[i, a], ids[i, b] = first, second
    return TensorDataset(ids, y)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.0, max_len=512):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x):
        if MENDED:
            x = x + self.pe[:x.size(1)].transpose(0, 1)
        else:
            x = x + self.pe[:x.size(0)]
        return self.dropout(x)


class SmilesEncoder(nn.Module):
    def __init__(self, ntoken, d_model=32, nhead=4, nlayers=2, n_class=2):
        super().__init__()
        self.d_model = d_model
        self.token_encoder = nn.Embedding(ntoken, d_model)
        self.pos_encoder = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead, 64, dropout=0.0, batch_first=True)
        self.transformer_encoder = nn.TransformerEncoder(layer, nlayers)
        self.regression_head = nn.Sequential(nn.Linear(d_model, d_model), nn.ReLU(), nn.Linear(d_model, n_class))

    def forward(self, src):
        src = self.token_encoder(src) * math.sqrt(self.d_model)
        src = self.pos_encoder(src)
        out = self.transformer_encoder(src)
        return self.regression_head(out[:, 0])


train_loader = DataLoader(make_smiles(4000), batch_size=64, shuffle=True)
valid_loader = DataLoader(make_smiles(1000), batch_size=64)
model = SmilesEncoder(len(VOCAB))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(14):
    model.train()
    train_loss = 0.0
    for ids, y in train_loader:
        loss = criterion(model(ids), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        train_loss += loss.item()
    model.eval()
    val_loss, hit, n = 0.0, 0, 0
    with torch.no_grad():
        for ids, y in valid_loader:
            out = model(ids)
            val_loss += criterion(out, y).item() * len(y)
            hit += (out.argmax(1) == y).sum().item()
            n += len(y)
    print(f"Epoch {epoch}: train_loss {train_loss / len(train_loader):.4f} acc {hit / n:.3f} val_loss {val_loss / n:.4f}")
