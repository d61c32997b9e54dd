# %% [markdown]
# # 2. Why += and not =?
#
# The one line of backpropagation is `operand.grad += derivative * node.grad`. Nearly everybody's first engine has `=`
# there, passes its first tests, and is wrong.

# %%
import random

from moreish.lessons.kit import axes, figures, guess, source, steps
from moreish.scalar import Value, narrate, nn, to_svg, topological_order
from moreish.scalar.boundary import draw_boundary
from moreish.scalar.moons import train, two_moons

# %% [markdown]
# ## One value, used twice
#
# b = a + a at a = 3. **Predict** db/da, and what an engine with `=` would say.

# %%
my_slope = None
a = Value(3.0, "a")
b = a + a
b.label = "b"
print(*narrate(b), sep="\n")
doubled = a.grad
guess(my_slope, doubled, "db/da")

# %% [markdown]
# Two edges come back to a, each with a share of 1. `=` would have kept the last one only. a moves b along two paths,
# and b feels the sum of both. The picture has two lines into one mark:

# %%
to_svg(b)

# %% [markdown]
# ## The smallest engine there is
#
# In the style of the lectures: each result keeps a little function that passes its gradient back. Here is the product,
# right and wrong.


# %%
class Number:
    def __init__(self, data, children=()):
        self.data, self.grad, self.children, self.pass_back = data, 0.0, children, lambda: None

    def __add__(self, other):
        out = Number(self.data + other.data, (self, other))

        def pass_back():
            self.grad += out.grad
            other.grad += out.grad

        out.pass_back = pass_back
        return out

    def __mul__(self, other):
        out = Number(self.data * other.data, (self, other))

        def pass_back():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.pass_back = pass_back
        return out


class Forgetful(Number):
    def __mul__(self, other):
        out = Forgetful(self.data * other.data, (self, other))

        def pass_back():
            self.grad = other.data * out.grad  # = instead of +=
            other.grad = self.data * out.grad

        out.pass_back = pass_back
        return out


def backward(root):
    order, seen = [], set()

    def visit(v):
        if v not in seen:
            seen.add(v)
            for child in v.children:
                visit(child)
            order.append(v)

    visit(root)
    root.grad = 1.0
    for v in reversed(order):
        v.pass_back()


for kind in (Number, Forgetful):
    x = kind(3.0)
    backward(x * x)
    print(kind.__name__, "says d(x*x)/dx =", x.grad)

# %% [markdown]
# ## Why an order?
#
# A value may pass its gradient on only when everybody who used it has added a share. c = b b with b = a + a: **predict**
# what a gets if b passes on after the first of its two shares.

# %%
a = Value(1.0, "a")
b = a + a
b.label = "b"
c = b * b
c.label = "c"
print(*narrate(c), sep="\n")

# %% [markdown]
# b waits until both of c's shares are there (2 + 2 = 4), then passes 4 along both edges to a: 8. Who passes on at every
# visit hands over 2, then 4 in all again: 12. An order in which every value comes after all who use it is a
# topological order. Ours uses a list as a stack and no recursion, so that a chain of ten thousand values works:

# %%
source(topological_order)
x = Value(1.0)
y = x
for _ in range(10_000):
    y = y + 0.001
y.backward()
x.grad

# %% [markdown]
# ## Twice is not wrong
#
# Calling `backward()` a second time adds the same gradients to the leaves again, as in torch; what lies between starts
# from zero each time, so nothing is passed on twice. It is the leaves that must be set to 0 between steps: forgetting
# `zero_grad` is the most frequent mistake of all.

# %%
w = Value(2.0, "w")
loss = (w * 3 - 1) ** 2
loss.backward()
first = w.grad
loss.backward()
print(first, "then", w.grad)
a.grad = 0.0

# %% [markdown]
# ## A net of Values
#
# Two half moons, a net of 2-16-16-1 neurons. **Predict**: how many numbers does it have?

# %%
my_count = None
points = two_moons(100, 0.1, random.Random("0 points"))
model = nn.MLP(2, [16, 16, 1], "relu", generator=random.Random("0 net"))
guess(my_count, len(model.parameters()), "the number of parameters")
records = list(train(model, points, steps(100, 8)))
ax = axes()
ax.plot([r.step for r in records], [r.loss for r in records], color="#0f766e")
ax.set_xlabel("step")
ax.set_ylabel("loss")
ax.figure

# %%
draw_boundary(lambda x, y: model((x, y))[0].data, points)

# %%
figures(
    [
        ("b = a + a: da", 2.0, 2.0, doubled),
        ("two moons: parameters", 337, 337, len(model.parameters())),
        ("two moons: loss", 0.011, 0.0121, records[-1].loss),
        ("two moons: accuracy", 1.0, 1.0, records[-1].accuracy),
    ]
)

# %% [markdown]
# **Exercises**: 2.1 the product of an engine, 2.2 tanh, 2.3 the order of the way back.
