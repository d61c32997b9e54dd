"""Federated averaging over five clinics that each see two of ten diagnoses."""
import copy
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(21)
CLASSES, DIM, CLINICS = 10, 32, 5
centers = 0.45 * torch.randn(CLASSES, DIM)


def cases(labels):
    return centers[labels] + torch.randn(len(labels), DIM)


def clinic_data(k, n=400):
    own = torch.tensor([2 * k, 2 * k + 1])
    labels = own[torch.randint(0, 2, (n,))]
    return cases(labels), labels


class Diagnose(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(DIM, 64), nn.Linear(64, CLASSES)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))


class Clinic:
    def __init__(self, k):
        self.x, self.y = clinic_data(k)

    def local_update(self, model, epochs=4, lr=0.2):
        opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.5)
        total, steps = 0.0, 0
        for _ in range(epochs):
            order = torch.randperm(len(self.x))
            for i in range(0, len(order), 40):
                idx = order[i:i + 40]
                loss = F.cross_entropy(model(self.x[idx]), self.y[idx])
                opt.zero_grad()
                loss.backward()
                opt.step()
                total, steps = total + loss.item(), steps + 1
        return model.state_dict(), total / steps


def average_weights(states):
    avg = copy.deepcopy(states[0])
    for key in avg:
        for s in states[1:]:
            avg[key] += s[key]
        avg[key] = avg[key] / len(states)
    return avg


val_y = torch.arange(CLASSES).repeat_interleave(80)
val_x = cases(val_y)
clinics = [Clinic(k) for k in range(CLINICS)]
global_model = Diagnose()


def evaluate():
    global_model.eval()
    with torch.no_grad():
        out = global_model(val_x)
    global_model.train()
    return F.cross_entropy(out, val_y).item(), (out.argmax(1) == val_y).float().mean().item()


for rnd in range(14):
    states, losses = [], []
    for clinic in clinics:
        if MENDED:
            local_model = copy.deepcopy(global_model)
        else:
            local_model = global_model
        state, loss = clinic.local_update(local_model)
        states.append(state)
        losses.append(loss)
    global_model.load_state_dict(average_weights(states))
    if rnd % 5 == 0 or rnd == 13:
        val_loss, val_acc = evaluate()
        print(f"round {rnd} local loss {sum(losses) / len(losses):.4f} val loss {val_loss:.4f} val acc {val_acc:.3f}")

print(f"metric val_acc {evaluate()[1]:.4f}")
