"""Truncated backpropagation through time on one long text in parallel streams: the state goes on from chunk to chunk, detached."""
import torch
import torch.nn as nn

torch.manual_seed(0)
words = ["moor", "reed", "harbour", "lantern", "oak", "ember"]
text = " ".join(words[i] for i in torch.randint(0, 6, (3000,)).tolist())
symbols = sorted(set(text))
ids = torch.tensor([symbols.index(c) for c in text])
streams = ids[: len(ids) // 16 * 16].view(16, -1)


class Model(nn.Module):
    def __init__(self, v):
        super().__init__()
        self.embedding, self.rnn, self.head = nn.Embedding(v, 16), nn.LSTM(16, 48, batch_first=True), nn.Linear(48, v)

    def forward(self, x, state):
        out, state = self.rnn(self.embedding(x), state)
        return self.head(out), state


model = Model(len(symbols))
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(4):
    state = None
    for k in range(0, streams.shape[1] - 17, 16):
        out, state = model(streams[:, k : k + 16], state)
        state = tuple(s.detach() for s in state)
        loss = nn.functional.cross_entropy(out.flatten(0, 1), streams[:, k + 1 : k + 17].flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
    print(epoch, loss.item())
