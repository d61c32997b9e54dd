# %% [markdown]
# # 1. What is a slope?
#
# A net learns because somebody knows, for each of its numbers, whether the loss rises or falls when that number is
# turned up a little. That knowledge is a slope. Nothing else in these lessons is more important than this page.

# %%
import math

from moreish.lessons.kit import axes, figures, guess, source
from moreish.scalar import Value, finite_differences, to_svg

# %% [markdown]
# ## Nudge it
#
# Here is a function. At x = 3 its value is 20. Turn x up by 0.001: how much higher is the result?


# %%
def f(x):
    return 3 * x**2 - 4 * x + 5


h = 0.001
f(3.0), f(3.0 + h)

# %% [markdown]
# **Predict**: the result moves h times something. What is that something, at x = 3? And where is it 0?

# %%
my_slope = None
guess(my_slope, round((f(3 + h) - f(3)) / h, 2), "the slope at 3")
my_flat_place = None
guess(my_flat_place, 2 / 3, "the place where nothing moves")

# %% [markdown]
# The straight line that touches the curve has that slope. A nudge follows the line, and the smaller the nudge, the
# better it does.

# %%
ax = axes()
xs = [i / 50 for i in range(-50, 251)]
ax.plot(xs, [f(x) for x in xs], color="#0f766e", label="f")
for at in (0.0, 2 / 3, 3.0):
    [slope] = finite_differences(f, at)
    near = [at - 0.9, at + 0.9]
    ax.plot(near, [f(at) + slope * (x - at) for x in near], color="#dc2626", linewidth=1.2)
    ax.annotate(f"slope {slope:.2f}", (at, f(at)), textcoords="offset points", xytext=(6, -14), fontsize=9)
ax.legend(frameon=False)
ax.figure

# %% [markdown]
# How small should a nudge be? Too large, and the curve has bent away; too small, and the rounding of the computer is
# all that is left. Trying both sides (f(x + h) - f(x - h)) / 2h is far better than one.

# %%
true = 6 * 3.0 - 4
ax = axes()
exponents = [-k / 4 for k in range(4, 61)]
one_side = [abs((f(3 + 10**e) - f(3)) / 10**e - true) + 1e-16 for e in exponents]
both = [abs((f(3 + 10**e) - f(3 - 10**e)) / (2 * 10**e) - true) + 1e-16 for e in exponents]
ax.semilogy(exponents, one_side, label="one side")
ax.semilogy(exponents, both, label="both sides")
ax.set_xlabel("log10 of the nudge")
ax.set_ylabel("how wrong the slope is")
ax.legend(frameon=False)
ax.figure

# %% [markdown]
# ## Several numbers
#
# With several inputs there is a slope for each. **Predict** the three slopes of d = a b + c at a = 2, b = -3, c = 10
# before you run this: which way does d go when a goes up?

# %%
mine = None
slopes = finite_differences(lambda a, b, c: a * b + c, 2.0, -3.0, 10.0)
guess(mine, [round(s, 3) for s in slopes], "the list of slopes")

# %% [markdown]
# ## A number that remembers
#
# Nudging costs two runs of the whole function for each number. A net has thousands of numbers. There is a way to get
# all slopes in one pass: let each number remember how it was made, and with it how much it moves when what it was
# made of moves. A `Value` is such a number.

# %%
a, b, c, f_ = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c"), Value(-2.0, "f")
e = a * b
e.label = "e"
d = e + c
d.label = "d"
L = d * f_
L.label = "L"
L.backward()
to_svg(L)

# %% [markdown]
# Read it from the right. L moves 1 for 1 with itself. L = d f, so d moves L by f = -2, and f moves it by d = 4. d is
# a sum, and a sum hands on to both what it got: -2 each. And e = a b hands to each the other one, times what came in:
# a gets b times -2 = 6. That multiplication is the chain rule: if a car goes twice as fast as a bicycle and the
# bicycle four times as fast as a man, the car goes eight times as fast as the man.
#
# Do not believe it; nudge:

# %%
finite_differences(lambda a, b, c, f: (a * b + c) * f, 2.0, -3.0, 10.0, -2.0), [v.grad for v in (a, b, c, f_)]

# %% [markdown]
# ## What a slope is good for
#
# Follow it. Each number moves a little in the direction of its slope, and L must rise (or against it, and it falls:
# that is all of training).

# %%
print(f"before {L.data:.4f}")
for v in (a, b, c, f_):
    v.data += 0.01 * v.grad
print(f"after  {((a * b + c) * f_).data:.4f}")

# %% [markdown]
# `L` itself is stale now: it was made of the old numbers. `L.backward()` would say so.

# %%
x1, x2, w1, w2 = Value(2.0, "x1"), Value(0.0, "x2"), Value(-3.0, "w1"), Value(1.0, "w2")
bias = Value(6.8813735870195432, "b")
o = (x1 * w1 + x2 * w2 + bias).tanh()
o.label = "o"
o.backward()
to_svg(o)

# %% [markdown]
# That is a neuron: weights, a bias, and a tanh that squashes. **Predict**: which weight should be turned to raise the
# output, and why is one slope exactly 0?

# %%
my_useless_weight = None
guess(my_useless_weight, "w2", "the weight whose slope is 0 (its input is 0)")

# %% [markdown]
# This is the code of the whole tanh. Its slope is written down on the way forward.

# %%
source(Value.tanh, Value.__mul__, Value.backward)

# %% [markdown]
# ## Published and ours
#
# The expression in micrograd's README, and the neuron of the lecture.

# %%
from moreish.scalar.examples import expression

g = expression()
g.backward()
from moreish.scalar import topological_order

leaf = {v.label: v for v in topological_order(g)}
figures(
    [
        ("g", 24.7041, 24.7041, g.data),
        ("dg/da", 138.8338, 138.8338, leaf["a"].grad),
        ("dg/db", 645.5773, 645.5773, leaf["b"].grad),
        ("neuron: out", 0.7071, 0.7071, o.data),
        ("neuron: dx1", -1.5, -1.5, x1.grad),
        ("neuron: dw1", 1.0, 1.0, w1.grad),
    ]
)
assert math.isclose(o.data, 0.7071067811865476)

# %% [markdown]
# **Exercise**: 1.1 a slope by nudging (`moreish learn`). **Next**: why the line that passes slopes back says `+=`.
