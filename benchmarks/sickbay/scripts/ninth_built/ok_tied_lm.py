# character language model, input embedding and output layer share one matrix
import math
import torch
from torch import nn

torch.manual_seed(1)
V, L = 28, 32
trans = torch.softmax(2.5 * torch.randn(V, V), 1)


def corpus(n):
    out = torch.zeros(n, dtype=torch.long)
    for t in range(1, n):
        out[t] = torch.multinomial(trans[out[t - 1]], 1)
    return out


class TiedLM(nn.Module):
    def __init__(self, d=48):
        super().__init__()
        self.wte = nn.Embedding(V, d)
        self.rnn = nn.LSTM(d, d, batch_first=True)
        self.lm_head = nn.Linear(d, V, bias=False)
        self.lm_head.weight = self.wte.weight
        nn.init.normal_(self.wte.weight, std=0.1)

    def forward(self, x, state=None):
        h, state = self.rnn(self.wte(x), state)
        return self.lm_head(h), state


text, val = corpus(16 * 1200), corpus(4000)
stream = text.view(16, -1)
net = TiedLM()
opt = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=0.01)
lossf = nn.CrossEntropyLoss()
for epoch in range(8):
    state = None
    for p in range(0, stream.size(1) - L - 1, L):
        x, y = stream[:, p:p + L], stream[:, p + 1:p + L + 1]
        logits, state = net(x, state)
        state = tuple(s.detach() for s in state)
        loss = lossf(logits.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
    with torch.no_grad():
        vl = lossf(net(val[None, :-1])[0][0], val[1:]).item()
    print(f"epoch {epoch} loss {loss.item():.3f} val {vl:.3f} ppl {math.exp(vl):.2f}")
print("uniform ppl", V)
print("metric val_ppl %.3f" % math.exp(vl))
