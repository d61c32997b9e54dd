import random

import pytest
import torch

from moreish.scalar import Value, losses, nn


def numbers(values):
    return [v.data for v in values]


def gradients(values):
    return [v.grad for v in values]


def test_the_net_of_the_two_moons_has_337_parameters():
    assert len(nn.MLP(2, [16, 16, 1], "relu", generator=random.Random(0)).parameters()) == 337


def test_the_generator_decides_the_weights():
    def weights(seed):
        return numbers(nn.MLP(3, [4, 2], generator=random.Random(seed)).parameters())

    assert weights(1) == weights(1)
    assert weights(1) != weights(2)
    assert all(-1 <= w <= 1 for w in weights(1))


def test_every_parameter_has_its_own_label():
    labels = [p.label for p in nn.MLP(2, [3, 1], generator=random.Random(0)).parameters()]
    assert labels[:4] == ["0.0.w0", "0.0.w1", "0.0.b", "0.1.w0"]
    assert len(set(labels)) == len(labels)


def test_a_weighted_sum_is_the_chain_of_products_and_sums():
    generator = random.Random(3)
    whole = [Value(generator.uniform(-2, 2)) for _ in range(9)]
    chain = [Value(v.data) for v in whole]

    y = nn.weighted_sum(whole[:4], whole[4:8], whole[8])
    z = sum((w * x for w, x in zip(chain[:4], chain[4:8], strict=True)), start=chain[8])
    (y * y).backward()
    (z * z).backward()
    assert y.data == pytest.approx(z.data, rel=1e-14)
    assert gradients(whole) == pytest.approx(gradients(chain), rel=1e-14)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
def test_a_net_agrees_with_torch(activation):
    ours = nn.MLP(3, [5, 4, 2], activation, generator=random.Random(7))
    acts = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "linear": lambda x: x}
    linears = []
    for layer in ours.layers:
        linear = torch.nn.Linear(len(layer.neurons[0].weight), len(layer.neurons), dtype=torch.float64)
        linear.weight.data = torch.tensor([numbers(n.weight) for n in layer.neurons], dtype=torch.float64)
        linear.bias.data = torch.tensor([n.bias.data for n in layer.neurons], dtype=torch.float64)
        linears.append(linear)

    x = [0.3, -1.2, 2]
    h = torch.tensor(x, dtype=torch.float64)
    for linear in linears[:-1]:
        h = acts[activation](linear(h))
    expected = linears[-1](h)
    (expected**2).sum().backward()

    y = ours(x)
    losses.mse_loss(y, [0, 0]).backward()
    assert numbers(y) == pytest.approx(expected.tolist(), rel=1e-12)
    got = [2 * g for layer in ours.layers for n in layer.neurons for g in gradients(n.weight)]
    want = [g for linear in linears for g in linear.weight.grad.flatten().tolist()]
    assert got == pytest.approx(want, rel=1e-12, abs=1e-14)
    biases = [2 * n.bias.grad for layer in ours.layers for n in layer.neurons]
    assert biases == pytest.approx([g for linear in linears for g in linear.bias.grad.tolist()], rel=1e-12)


def test_zero_grad_forgets_and_a_step_goes_downhill():
    model = nn.MLP(2, [4, 1], generator=random.Random(0))
    inputs, targets = [(0.5, -1.0), (-0.3, 0.8)], [1.0, -1.0]

    def loss():
        return losses.mse_loss([model(x)[0] for x in inputs], targets)

    before = loss()
    before.backward()
    nn.sgd_step(model.parameters(), lr=0.01)
    predicted = before.data - 0.01 * sum(p.grad**2 for p in model.parameters())
    assert loss().data == pytest.approx(predicted, rel=0.05)
    assert loss().data < before.data

    model.zero_grad()
    assert gradients(model.parameters()) == [0.0] * len(model.parameters())


def test_a_wrong_number_of_inputs_is_refused():
    with pytest.raises(ValueError, match="takes 2 inputs, but got 3"):
        nn.MLP(2, [1], generator=random.Random(0))([1.0, 2.0, 3.0])


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match='no activation "swish"; known: linear, relu, sigmoid, tanh'):
        nn.Neuron(2, "swish", generator=random.Random(0))
