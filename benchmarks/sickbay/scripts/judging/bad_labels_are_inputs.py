"""A char LSTM trained with y = x: nobody shifted the targets."""
# after github.com/tatsu-lab/stanford_alpaca/issues/45 and github.com/tloen/alpaca-lora/issues/206
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
poem = (
    "the wind goes over the hill and the rain goes over the sea "
    "and nobody knows where the white bird goes or what the grey bird will be "
) * 12
vocab = sorted(set(poem))
ids = torch.tensor([vocab.index(c) for c in poem])


class CharLSTM(nn.Module):
    def __init__(self, n, hidden=64):
        super().__init__()
        self.embedding = nn.Embedding(n, hidden)
        self.lstm = nn.LSTM(hidden, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, n)

    def forward(self, x, state=None):
        out, state = self.lstm(self.embedding(x), state)
        return self.fc(out), state


net = CharLSTM(len(vocab))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
shift = 1 if os.environ.get("MENDED") else 0
for step in range(200):
    starts = torch.randint(0, len(ids) - 41, (20,))
    x = torch.stack([ids[s : s + 40] for s in starts])
    y = torch.stack([ids[s + shift : s + shift + 40] for s in starts])
    out, _ = net(x)
    loss = criterion(out.transpose(1, 2), y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    optimizer.step()
    if step % 40 == 0:
        print(step, loss.item())
x, y = ids[:1000].view(10, 100), ids[1:1001].view(10, 100)
print("final next_char_loss", criterion(net(x)[0].transpose(1, 2), y).item())
