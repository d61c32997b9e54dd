"""CTC on noisy frames: the loss starts large, blanks dominate first."""
import torch
from torch import nn

torch.manual_seed(0)
V, T, L = 6, 20, 4
codes = torch.randn(V, 10)


def batch(n):
    y = torch.stack([torch.randperm(V - 1)[:L] + 1 for _ in range(n)])
    x = codes[y.repeat_interleave(T // L, 1)] + 0.6 * torch.randn(n, T, 10)
    return x, y


net = nn.GRU(10, 40, batch_first=True, bidirectional=True)
fc = nn.Linear(80, V)
opt = torch.optim.Adam([*net.parameters(), *fc.parameters()], lr=5e-3)
ctc = nn.CTCLoss(blank=0)
for step in range(250):
    x, y = batch(32)
    logp = fc(net(x)[0]).log_softmax(-1).transpose(0, 1)
    loss = ctc(logp, y, torch.full((32,), T), torch.full((32,), L))
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_([*net.parameters(), *fc.parameters()], 5.0)
    opt.step()
    if step % 50 == 0:
        print(step, loss.item())
print("final loss", loss.item())
