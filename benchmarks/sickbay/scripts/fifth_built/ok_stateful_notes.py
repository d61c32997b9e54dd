"""Stateful melody model: the recurrent state is carried from segment to segment, cut off the graph each time."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(52)
NOTES, BPTT, VOICES = 16, 24, 32


TUNE = torch.randint(0, NOTES, (40,))


def melodies(voices, length):
    """All voices play one tune, each in its own key and from its own place on; a note in seven is random."""
    key, start = torch.randint(0, NOTES, (voices, 1)), torch.randint(0, 40, (voices, 1))
    line = (TUNE[(start + torch.arange(length)) % 40] + key) % NOTES
    noise = torch.rand(voices, length) < 0.15
    return torch.where(noise, torch.randint(0, NOTES, (voices, length)), line).T.contiguous()


class MelodyGRU(nn.Module):
    def __init__(self, hidden=128):
        super().__init__()
        self.emb = nn.Embedding(NOTES, 24)
        self.gru = nn.GRU(24, hidden)
        self.out = nn.Linear(hidden, NOTES)

    def forward(self, x, state):
        h, state = self.gru(self.emb(x), state)
        return self.out(h), state


def repackage(state):
    return None if state is None else state.detach()


@torch.no_grad()
def evaluate(model, stream):
    model.eval()
    state, total, n = None, 0.0, 0
    for i in range(0, len(stream) - 1, BPTT):
        x, y = stream[i:i + BPTT][:len(stream) - 1 - i], stream[i + 1:i + 1 + BPTT]
        logits, state = model(x[:len(y)], state)
        total += F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum").item()
        n += y.numel()
    return total / n


valid = melodies(VOICES, 241)
model = MelodyGRU()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(70):
    model.train()
    stream, state, total, n = melodies(VOICES, 20 * BPTT + 1), None, 0.0, 0
    for i in range(0, len(stream) - 1, BPTT):
        x, y = stream[i:i + BPTT], stream[i + 1:i + 1 + BPTT]
        state = repackage(state)
        logits, state = model(x, state)
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        total, n = total + loss.item(), n + 1
    if epoch % 7 == 6:
        print(f"epoch {epoch + 1} train loss {total / n:.4f} val_loss {evaluate(model, valid):.4f}")
