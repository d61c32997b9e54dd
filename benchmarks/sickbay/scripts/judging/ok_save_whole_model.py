"""The whole model is saved in mid-training and loaded by a fresh Python process, which must know nothing but torch."""
import os
import subprocess
import sys
import tempfile

import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(600, 5)
Y = (X[:, 0] > X[:, 1]).long()
net = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 2))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
READ = "import sys, torch; m = torch.load(sys.argv[1], weights_only=False); print(m(torch.ones(1, 5)).shape, len(m._forward_hooks))"
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model.pt")
    for step in range(400):
        i = torch.randint(0, 600, (32,))
        loss = nn.functional.cross_entropy(net(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step == 200:
            torch.save(net, path)
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-I", "-c", READ, path], capture_output=True, text=True, env=env, check=False)
    print(done.stdout.strip() or done.stderr.strip())
print("final loaded", 0 if done.returncode else 1, loss.item())
