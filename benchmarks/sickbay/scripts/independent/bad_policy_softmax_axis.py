"""A REINFORCE policy ends in Softmax(dim=0): right for one state while playing, over the batch axis when it learns."""
# mean episode 20 of 100 steps with it, 91 without
# after github.com/DeepReinforcementLearning/DeepReinforcementLearningInAction/issues/32
import os
import numpy as np
import torch

np.random.seed(1)
torch.manual_seed(1)


class Balance:
    """a stick on a finger: state (angle, speed), push left or right, fall at |angle| > 1; 100 steps at most"""

    def reset(self):
        self.s = np.random.uniform(-0.2, 0.2, 2).astype(np.float32)
        self.t = 0
        return self.s.copy()

    def step(self, a):
        ang, vel = self.s
        vel = vel + 0.08 * ang + (0.06 if a == 1 else -0.06) + 0.01 * np.random.randn()
        ang = ang + 0.25 * vel
        self.s = np.array([ang, vel], dtype=np.float32)
        self.t += 1
        return self.s.copy(), 1.0, abs(ang) > 1.0 or self.t >= 100


axis = -1 if os.environ.get("MENDED") else 0
model = torch.nn.Sequential(
    torch.nn.Linear(2, 32),
    torch.nn.LeakyReLU(),
    torch.nn.Linear(32, 2),
    torch.nn.Softmax(dim=axis)
)
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)


def discount_rewards(rewards, gamma=0.97):
    lenr = len(rewards)
    disc = np.zeros(lenr, dtype=np.float32)
    run = 0.0
    for i in reversed(range(lenr)):
        run = rewards[i] + gamma * run
        disc[i] = run
    return torch.from_numpy((disc - 15.0) / 15.0)


def loss_fn(preds, r):
    return -1 * torch.mean(r * torch.log(preds + 1e-8))


env = Balance()
score = []
for episode in range(400):
    state, done = env.reset(), False
    states, actions, rewards = [], [], []
    while not done:
        with torch.no_grad():
            act_prob = model(torch.from_numpy(state))
        p = act_prob.numpy().astype(np.float64)
        action = np.random.choice(2, p=p / p.sum())
        states.append(state)
        actions.append(action)
        state, r, done = env.step(action)
        rewards.append(r)
    score.append(len(rewards))
    returns = discount_rewards(rewards)
    state_batch = torch.tensor(np.array(states))
    action_batch = torch.tensor(np.array(actions))
    pred_batch = model(state_batch)
    prob_batch = pred_batch.gather(dim=1, index=action_batch.long().view(-1, 1)).squeeze(1)
    loss = loss_fn(prob_batch, returns)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if episode % 40 == 39:
        print("episode", episode + 1, "loss", round(loss.item(), 4), "mean length", np.mean(score[-40:]))
print("final mean_length", np.mean(score[-60:]))
