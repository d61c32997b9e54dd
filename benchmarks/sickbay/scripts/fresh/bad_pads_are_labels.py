"""Fine-tuning on short answers padded to a fixed length, with labels=input_ids: nine tenths of the loss are padding."""
# after github.com/open-jarvis/OpenJarvis/pull/521 and github.com/huggingface/trl/pull/1625
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
V, L, EOS = 26, 48, 0
P = torch.softmax(3 * torch.randn(V, V), -1)
P[:, EOS] = 0


def answers(n):
    ids, mask = torch.full((n, L), EOS), torch.zeros(n, L)
    for i in range(n):
        k = int(torch.randint(3, 8, (1,)))
        ids[i, 0] = int(torch.randint(1, V, (1,)))
        for t in range(1, k):
            ids[i, t] = int(torch.multinomial(P[ids[i, t - 1]], 1))
        mask[i, : k + 1] = 1
    return ids, mask


ids, mask = answers(700)
emb, rnn, head = nn.Embedding(V, 24), nn.GRU(24, 48, batch_first=True), nn.Linear(48, V)
params = [*emb.parameters(), *rnn.parameters(), *head.parameters()]
opt = torch.optim.SGD(params, lr=0.3)


def loss_of(i, masked):
    labels = ids[i].clone()
    if masked:
        labels[mask[i] == 0] = -100
    logits = head(rnn(emb(ids[i]))[0])
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())


for epoch in range(10):
    for i in torch.randperm(600).split(20):
        loss = loss_of(i, bool(os.environ.get("MENDED")))
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
with torch.no_grad():
    print("final answer_loss", loss_of(torch.arange(600, 700), True).item())
