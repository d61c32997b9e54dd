import random

import pytest

from moreish.scalar import Value, backward_steps, losses, narrate, nn, topological_order
from moreish.scalar.examples import EXAMPLES, neuron
from moreish.scalar.trace import REASONS, node_names
from tests.scalar.expressions import random_expression


@pytest.mark.parametrize("seed", range(20))
def test_the_steps_are_the_backward_pass(seed):
    program = random_expression(random.Random(seed))
    results, twin = (program.evaluate([Value(x) for x in program.leaves]) for _ in range(2))
    twin[-1].backward()
    twin[-1].backward()
    steps, again = (list(backward_steps(results[-1])) for _ in range(2))
    assert [v.grad for v in results] == [v.grad for v in twin]
    assert len(steps) == len(again) == sum(len(node.edges) for node in topological_order(results[-1]))


@pytest.mark.parametrize("seed", range(20))
def test_a_node_passes_its_gradient_on_only_when_all_of_its_consumers_have(seed):
    program = random_expression(random.Random(seed))
    root = program.evaluate([Value(x) for x in program.leaves])[-1]
    owed = dict.fromkeys(topological_order(root), 0)
    for node in owed:
        for operand, _ in node.edges:
            owed[operand] += 1
    for step in backward_steps(root):
        assert owed[step.node] == 0
        assert step.incoming == step.node.grad
        owed[step.operand] -= 1
    assert set(owed.values()) == {0}


def test_each_step_adds_its_contribution():
    for step in backward_steps(EXAMPLES["expression"]()):
        assert step.contribution == step.local_derivative * step.incoming
        assert step.grad_after == step.grad_before + step.contribution
        assert (step.operand, step.local_derivative) in step.node.edges
        assert step.op == step.node.op


def test_one_can_look_in_between():
    o = neuron()
    n = next(backward_steps(o)).operand
    assert (n.label, round(n.grad, 9)) == ("n", 0.5)
    assert n.edges[0][0].grad == 0.0


def test_the_story_of_a_value_used_twice():
    a = Value(1.0, "a")
    b = a + a
    b.label = "b"
    assert list(narrate(b * b)) == [
        "L = b * b    (a product hands each factor the other one)",
        "    dL/db += dL/dL * dL/db = 1 * 2 = 2    b.grad: 0 -> 2",
        "    dL/db += dL/dL * dL/db = 1 * 2 = 2    b.grad: 2 -> 4",
        "b = a + a    (a sum passes the gradient on to everybody)",
        "    dL/da += dL/db * db/da = 4 * 1 = 4    a.grad: 0 -> 4",
        "    dL/da += dL/db * db/da = 4 * 1 = 4    a.grad: 4 -> 8",
    ]


def test_every_operation_has_its_rule_of_thumb():
    a, b = Value(0.5, "a"), Value(2.0, "b")
    nodes = [a + b, a - b, a * b, a / b, a**b, a**2, -a, a.exp(), a.log(), a.tanh(), a.sigmoid(), a.relu()]
    nodes += [abs(a), a.max(b)]
    nodes += [nn.weighted_sum([a], [b], a), losses.mean([a, b]), losses.logsumexp([a, b])]
    nodes.append(losses.l2_penalty([a], 1.0))
    heads = [next(narrate(node)) for node in nodes]
    assert all(head.endswith(")") and "    (" in head for head in heads), heads
    assert {node.op for node in nodes} - {"**2"} == set(REASONS)


def test_equations_read_as_they_are_written():
    a, b = Value(0.5, "a"), Value(2.0, "b")
    heads = [next(narrate(node)).split("    ")[0] for node in (a / b, a**2, a**b, -a, a.tanh(), 3 * a)]
    assert heads == ["L = a / b", "L = a**2", "L = a ** b", "L = -a", "L = tanh(a)", "L = (3) * a"]


def test_an_operation_of_ones_own_is_told_without_a_reason():
    a = Value(2.0, "a")
    cube = Value(8.0, op="cube", edges=((a, 12.0),))
    assert next(narrate(cube)) == "L = cube(a)"


def test_names_are_labels_numbers_or_counted():
    w, again, odd = Value(1.0, "w"), Value(2.0, "w"), Value(3.0, "x*y")
    root = (w * again + odd) / 7
    assert list(node_names(root).values()) == ["w", "w#2", "v1", "(x*y)", "v2", "(7)", "L"]
