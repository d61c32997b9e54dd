# === 1.1 right: a step that fits x
def slope(f, x):
    h = 6e-6 * max(1, abs(x))
    up, down = x + h, x - h
    return (f(up) - f(down)) / (up - down)
# === 1.1 right: four points
def slope(f, x, h=1e-3):
    return (-f(x + 2*h) + 8*f(x + h) - 8*f(x - h) + f(x - 2*h)) / (12 * h)
# === 1.1 right: Richardson, as a lambda
def central(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)
slope = lambda f, x: (4 * central(f, x, 5e-4) - central(f, x, 1e-3)) / 3
# === 1.1 wrong: one side
def slope(f, x):
    h = 0.001
    return (f(x + h) - f(x)) / h
# === 1.1 wrong: twice too large
def slope(f, x):
    h = 1e-5
    return (f(x + h) - f(x - h)) / h
# === 1.1 wrong: sign
def slope(f, x):
    h = 1e-5
    return (f(x - h) - f(x + h)) / (2 * h)
# === 1.1 wrong: too small
def slope(f, x):
    h = 1e-14
    return (f(x + h) - f(x - h)) / (2 * h)
# === 2.1 right: with a helper
class Value(Value):
    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))
        def give(to, factor):
            to.grad = to.grad + factor.data * out.grad
        out.pass_back = lambda: (give(self, other), give(other, self))
        return out
    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))
        def pass_back():
            self.grad += out.grad
            other.grad += out.grad
        out.pass_back = pass_back
        return out
# === 2.1 right: shares first
class Value(Value):
    def __mul__(self, other):
        out = type(self)(self.data * other.data, (self, other))
        def pass_back():
            mine, yours = other.data * out.grad, self.data * out.grad
            self.grad += mine
            other.grad += yours
        out.pass_back = pass_back
        return out
    def __add__(self, other):
        out = type(self)(self.data + other.data, (self, other))
        def pass_back():
            for v in (self, other):
                v.grad += out.grad
        out.pass_back = pass_back
        return out
# === 2.1 right: a loop over both
def mul(self, other):
    out = Value(self.data * other.data, (self, other))
    def pass_back():
        for v, w in ((self, other), (other, self)):
            v.grad += w.data * out.grad
    out.pass_back = pass_back
    return out
Value.__mul__ = mul
# === 2.1 wrong: twice | += in place of =
def mul(self, other):
    out = Value(self.data * other.data, (self, other))
    def pass_back():
        self.grad = other.data * out.grad
        other.grad = self.data * out.grad
    out.pass_back = pass_back
    return out
Value.__mul__ = mul
# === 2.1 wrong: gets itself
def mul(self, other):
    out = Value(self.data * other.data, (self, other))
    def pass_back():
        self.grad += self.data * out.grad
        other.grad += other.data * out.grad
    out.pass_back = pass_back
    return out
Value.__mul__ = mul
# === 2.1 wrong: out.grad
def mul(self, other):
    out = Value(self.data * other.data, (self, other))
    def pass_back():
        self.grad += other.data
        other.grad += self.data
    out.pass_back = pass_back
    return out
Value.__mul__ = mul
# === 2.2 right: t kept
def tanh(self):
    t = math.tanh(self.data)
    out = Value(t, (self,))
    def pass_back():
        self.grad += (1 - t * t) * out.grad
    out.pass_back = pass_back
    return out
Value.tanh = tanh
# === 2.2 right: by cosh
def tanh(self):
    out = Value(math.tanh(self.data), (self,))
    def pass_back():
        self.grad += out.grad / math.cosh(self.data) ** 2
    out.pass_back = pass_back
    return out
Value.tanh = tanh
# === 2.2 right: by exponentials
def tanh(self):
    e = math.exp(2 * self.data)
    out = Value((e - 1) / (e + 1), (self,))
    def pass_back():
        self.grad = self.grad + 4 * e / (e + 1) ** 2 * out.grad
    out.pass_back = pass_back
    return out
Value.tanh = tanh
# === 2.2 wrong: x stands where the result
def tanh(self):
    out = Value(math.tanh(self.data), (self,))
    def pass_back():
        self.grad += (1 - self.data**2) * out.grad
    out.pass_back = pass_back
    return out
Value.tanh = tanh
# === 2.2 wrong: out.grad
def tanh(self):
    out = Value(math.tanh(self.data), (self,))
    def pass_back():
        self.grad += 1 - out.data**2
    out.pass_back = pass_back
    return out
Value.tanh = tanh
# === 2.2 wrong: += in place of =
def tanh(self):
    out = Value(math.tanh(self.data), (self,))
    def pass_back():
        self.grad = (1 - out.data**2) * out.grad
    out.pass_back = pass_back
    return out
Value.tanh = tanh
# === 2.2 wrong: sign
def tanh(self):
    out = Value(math.tanh(self.data), (self,))
    def pass_back():
        self.grad += (out.data**2 - 1) * out.grad
    out.pass_back = pass_back
    return out
Value.tanh = tanh
# === 2.3 right: by counting who waits
def order(root):
    uses, stack, seen = {}, [root], {root}
    while stack:
        for c in stack.pop().children:
            uses[c] = uses.get(c, 0) + 1
            if c not in seen:
                seen.add(c)
                stack.append(c)
    ready, found = [root], []
    while ready:
        v = ready.pop()
        found.append(v)
        for c in v.children:
            uses[c] -= 1
            if uses[c] == 0:
                ready.append(c)
    return found[::-1]
# === 2.3 right: iterators on a stack
def order(root):
    done, seen, stack = [], {root}, [(root, iter(root.children))]
    while stack:
        v, rest = stack[-1]
        for c in rest:
            if c not in seen:
                seen.add(c)
                stack.append((c, iter(c.children)))
                break
        else:
            stack.pop()
            done.append(v)
    return done
# === 2.3 right: by the standard library
from graphlib import TopologicalSorter
def order(root):
    graph, stack = {}, [root]
    while stack:
        v = stack.pop()
        if v not in graph:
            graph[v] = v.children
            stack.extend(v.children)
    return list(TopologicalSorter(graph).static_order())
# === 2.3 wrong: calls itself too deeply
def order(root):
    found, seen = [], set()
    def visit(v):
        if v not in seen:
            seen.add(v)
            for c in v.children:
                visit(c)
            found.append(v)
    visit(root)
    return found
# === 2.3 wrong: comes twice | before
def order(root):
    found, stack = [], [root]
    while stack:
        v = stack.pop()
        found.append(v)
        stack.extend(v.children)
    return found[::-1]
# === 2.3 wrong: comes before
def order(root):
    found, seen, queue = [], {root}, [root]
    while queue:
        v = queue.pop(0)
        found.append(v)
        for c in v.children:
            if c not in seen:
                seen.add(c)
                queue.append(c)
    return found[::-1]
# === 2.3 wrong: wrong way round
def order(root):
    placed, seen, stack = [], set(), [(root, False)]
    while stack:
        value, ready = stack.pop()
        if ready:
            placed.append(value)
        elif value not in seen:
            seen.add(value)
            stack.append((value, True))
            stack += [(child, False) for child in value.children]
    return placed[::-1]
# === 1.1 right: a complex step where it can, a difference of halving steps else
def slope(f, x):
    last, h, best = None, 0.5, None
    table = []
    for _ in range(8):
        row = [(f(x + h) - f(x - h)) / 2 / h]
        for j, above in enumerate(table[-1] if table else []):
            row.append(row[j] + (row[j] - above) / (4 ** (j + 1) - 1))
        table.append(row)
        h /= 2
    return table[-1][-1]
# === 1.1 right: a numpy number from a fitted line
import numpy as np
def slope(f, x):
    t = np.linspace(-1, 1, 9)
    ys = np.array([f(x + 1e-2 * s) for s in t])
    return np.polynomial.Polynomial.fit(1e-2 * t, ys, 6).deriv()(0.0)
# === 1.1 wrong: brackets
def slope(f, x):
    h = 0.00001
    return f(x + h) - f(x - h) / (2 * h)
# === 1.1 wrong: not divided yet
def slope(f, x):
    h = 0.0001
    return f(x + h) - f(x)
# === 1.1 wrong: x is not used
def slope(f, x):
    h = 1e-6
    return (f(h) - f(-h)) / (2 * h)
# === 2.1 right: a list of pairs of (to, factor)
_rule = {}
def _mul(a, b):
    result = Value.__new__(Value)
    result.__init__(b.data * a.data, children=(a, b))
    edges = [(a, lambda: b.data), (b, lambda: a.data)]
    result.pass_back = lambda: [setattr(node, "grad", node.grad + factor() * result.grad) for node, factor in edges]
    return result
Value.__mul__ = _mul
# === 2.1 wrong: nothing arrives
def _mul(self, other):
    out = Value(self.data * other.data, (self, other))
    def pass_back():
        self.grad += other.grad * out.grad
        other.grad += self.grad * out.grad
    out.pass_back = pass_back
    return out
Value.__mul__ = _mul
# === 2.1 wrong: out.data stands
def _mul(self, other):
    out = Value(self.data * other.data, (self, other))
    def pass_back():
        self.grad += other.data * out.data
        other.grad += self.data * out.data
    out.pass_back = pass_back
    return out
Value.__mul__ = _mul
# === 2.2 right: sech squared by the derivative of a logistic
def _tanh(v):
    s = 1 / (1 + math.exp(-2 * v.data))
    result = Value(2 * s - 1, [v])
    def back():
        v.grad = sum((v.grad, 4 * s * (1 - s) * result.grad))
    result.pass_back = back
    return result
Value.tanh = _tanh
# === 2.2 wrong: tanh is taken of the result again
def _tanh(self):
    out = Value(math.tanh(self.data), (self,))
    def pass_back():
        self.grad += (1 - math.tanh(out.data) ** 2) * out.grad
    out.pass_back = pass_back
    return out
Value.tanh = _tanh
# === 2.2 wrong: how a sigmoid passes back
def _tanh(self):
    out = Value(math.tanh(self.data), (self,))
    def pass_back():
        self.grad += out.data * (1 - out.data) * out.grad
    out.pass_back = pass_back
    return out
Value.tanh = _tanh
# === 2.3 right: two passes by depth
def order(root):
    depth, todo = {root: 0}, [root]
    while todo:
        v = todo.pop()
        for c in v.children:
            if depth.get(c, -1) < depth[v] + 1:
                depth[c] = depth[v] + 1
                todo.append(c)
    return sorted(depth, key=depth.get, reverse=True)
# === 2.3 wrong: missing
def order(root):
    return [*root.children, root]
# === 2.3 wrong: a list is wanted
def order(root):
    return {root}
