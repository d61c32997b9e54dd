"""Knowledge distillation where student and teacher are swapped in detach(): the student gets no gradient."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
X = torch.randn(2000, 10)
Y = (torch.sin(X[:, 0] * 2) + X[:, 1] * X[:, 2] > 0).long()
teacher = nn.Sequential(nn.Linear(10, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 2))
t_opt = torch.optim.Adam(teacher.parameters(), lr=2e-3)
for _ in range(400):
    i = torch.randint(0, 1600, (64,))
    loss = F.cross_entropy(teacher(X[i]), Y[i])
    t_opt.zero_grad()
    loss.backward()
    t_opt.step()
print("teacher loss", loss.item())
student = nn.Sequential(nn.Linear(10, 24), nn.ReLU(), nn.Linear(24, 2))
s_opt = torch.optim.Adam(student.parameters(), lr=3e-3)
for step in range(600):
    i = torch.randint(0, 1600, (64,))
    s_logits, t_logits = student(X[i]), teacher(X[i])
    if os.environ.get("MENDED"):
        t_logits = t_logits.detach()
    else:
        s_logits = s_logits.detach()
    kd = F.kl_div(F.log_softmax(s_logits / 2, 1), F.softmax(t_logits / 2, 1), reduction="batchmean") * 4
    s_opt.zero_grad()
    kd.backward()
    s_opt.step()
    if step % 150 == 0:
        print(step, kd.item())
print("final student_val_loss", F.cross_entropy(student(X[1600:]), Y[1600:]).item())
