"""Masked language modelling where the places that do not count are labelled -1, as an old example did."""
# after github.com/huggingface/transformers/issues/2491
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
V, MASK = 20, 19
model = nn.ModuleDict({"emb": nn.Embedding(V, 32), "rnn": nn.GRU(32, 32, batch_first=True, bidirectional=True),
                       "head": nn.Linear(64, V)})
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()
for step in range(200):
    start, pace = torch.randint(0, 19, (32, 1)), torch.randint(1, 4, (32, 1))
    tokens = (start + pace * torch.arange(12)) % 19
    hidden = torch.rand(tokens.shape) < 0.15
    labels = tokens.clone()
    labels[~hidden] = -100 if os.environ.get("MENDED") else -1
    logits = model["head"](model["rnn"](model["emb"](tokens.masked_fill(hidden, MASK)))[0])
    loss = criterion(logits.view(-1, V), labels.view(-1))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, loss.item())
print("final loss", loss.item())
