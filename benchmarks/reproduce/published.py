"""The published figures, and which figure of which job stands beside each. Sources are named in the sections."""

from typing import Literal, NamedTuple


class Published(NamedTuple):
    """One row of the results.

    rule : "equal" within the tolerance, or "at most" (a loss may be lower); "ours" where nothing was published
    """

    what: str
    job: str
    key: str
    value: float | str | list[float] | list[str] | None
    tolerance: float = 0.0
    rule: Literal["equal", "at most", "at least", "ours"] = "equal"


def _net(
    what: str, job: str, parameters: int, start: float, losses: tuple[float, float], near: float
) -> list[Published]:
    start_within = 6.0 if start > 10 else 0.05  # published: one batch of 32 of one draw
    return [
        Published(f"{what}: parameters", job, "parameters", parameters),
        Published(f"{what}: loss at step 0", job, "step 0", start, start_within),
        Published(f"{what}: train", job, "train", losses[0], near, "at most"),
        Published(f"{what}: val", job, "val", losses[1], near, "at most"),
    ]


SCALAR = [
    Published("README expression: forward", "scalar", "expression forward", 24.7041, 5e-5),
    Published("README expression: dg/da", "scalar", "expression da", 138.8338, 5e-5),
    Published("README expression: dg/db", "scalar", "expression db", 645.5773, 5e-5),
    Published("neuron: out", "scalar", "neuron forward", 0.7071067811865476, 1e-12),
    Published("neuron: dx1", "scalar", "neuron dx1", -1.5, 1e-12),
    Published("neuron: dw1", "scalar", "neuron dw1", 1.0, 1e-12),
    Published("neuron: dx2", "scalar", "neuron dx2", 0.5, 1e-12),
    Published("neuron: dw2", "scalar", "neuron dw2", 0.0, 1e-12),
    Published("b = a + a: da", "scalar", "a + a", 2.0),
    Published("two moons: parameters", "scalar", "moons parameters", 337),
    Published("two moons: accuracy", "scalar", "moons accuracy", 1.0),
    Published("two moons: loss", "scalar", "moons loss", 0.011, 0.002),
]

FACTS = [
    Published("lines", "facts", "lines", 32_033),
    Published("predicted characters", "facts", "predicted", 228_146),
    Published("symbols, the boundary included", "facts", "symbols", 27),
    Published("different lines", "facts", "different", 29_494),
    Published("val lines that train has too, %", "facts", "val known", 13.2, 0.05),
    Published("test lines that train has too, %", "facts", "test known", 11.8, 0.05),
    Published("rows of train, val, test with block 3", "facts", "rows", [182_625, 22_655, 22_866]),
    Published("uniform", "facts", "uniform", 3.2958, 5e-5),
    Published("unigram, all data", "facts", "unigram", 2.8227, 5e-5),
]

TOP = ["n. 6763", "a. 6640", "an 5438", ".a 4410", "e. 3983", "ar 3264", "el 3248", "ri 3033", "na 2977", ".k 2963"]
COUNTS = [
    Published("most frequent pairs", "bigram", "top", TOP),
    Published("pairs that occur, of 729", "bigram", "pairs", 627),
    Published("maximum likelihood, all data", "bigram", "maximum likelihood", 2.454014, 5e-7),
    Published("add-one smoothing, all data", "bigram", "add one", 2.454577, 5e-7),
    Published("first samples", "bigram", "samples", ["mor.", "axx.", "minaymoryles.", "kondlaisah."]),
    Published("add-0.1 bigram, val", "bigram", "add 0.1, order 2", 2.4531, 5e-5),
    Published("add-0.1 trigram, val", "bigram", "add 0.1, order 3", 2.2225, 5e-5),
    Published("add-0.1 4-gram, val", "bigram", "add 0.1, order 4", 2.1018, 5e-5),
    Published("add-0.1 5-gram, val", "bigram", "add 0.1, order 5", 2.1522, 5e-5),
    Published("one-hot net: parameters", "one-hot", "parameters", 729),
    Published("one-hot net, penalty 0.01 (300 steps)", "one-hot", "with penalty", 2.4818, 5e-4),
    Published("one-hot net, no penalty (20,000 steps)", "one-hot", "without penalty", 2.4540, 1e-4),
    Published("Kneser-Ney order 4, val", "kneser-ney", "order 4 val", 2.0560, 5e-5),
    Published("Kneser-Ney order 5, val", "kneser-ney", "order 5 val", 1.9832, 5e-5),
    Published("Kneser-Ney order 6, val", "kneser-ney", "order 6 val", 1.9740, 5e-5),
    Published("Kneser-Ney order 7, val", "kneser-ney", "order 7 val", 1.9794, 5e-5),
    Published("Kneser-Ney order 6, test", "kneser-ney", "order 6 test", 1.9766, 5e-5),
    Published("no duplicates: items", "kneser-ney", "unique items", [23_595, 2_949, 2_950]),
    Published("no duplicates, order 5, val", "kneser-ney", "unique val", 2.0041, 1e-4),
    Published("no duplicates, order 5, test", "kneser-ney", "unique test", 2.0139, 1e-4),
]

MLP = [
    *_net("all randn", "lecture-mlp-randn", 11_897, 27.88, (2.1245, 2.1682), 0.01),
    *_net("output layer x 0.01", "lecture-mlp-small-head", 11_897, 3.32, (2.07, 2.13), 0.01),
    *_net("and hidden weights x 0.2", "lecture-mlp-scaled", 11_897, 3.31, (2.0356, 2.1027), 0.01),
    *_net("Kaiming", "lecture-mlp", 11_897, 3.32, (2.0377, 2.1070), 0.01),
    *_net("BatchNorm", "lecture-batchnorm", 12_097, 3.32, (2.0674, 2.1057), 0.01),
    Published("BatchNorm folded away: largest change of a logit", "folding", "difference", 0.0, 2e-5),
]

DEEP = [
    Published("BatchNorm: parameters", "deep", "parameters", 47_024),
    Published("BatchNorm: loss at step 0", "deep", "step 0", 3.2870, 0.03),
    Published("step 1000: saturation by layer, %", "deep", "saturation", [2.78, 2.56, 2.25, 1.69, 1.88], 1.0),
    Published("step 1000: std of each layer", "deep", "std", [0.64] * 5, 0.02),
    Published(
        "step 1000: gradient std by layer", "deep", "gradient", [2.64e-3, 2.4e-3, 2.2e-3, 2.1e-3, 1.95e-3], 5e-4
    ),
    Published(
        "step 1000: grad:data (embedding, hidden, output)",
        "deep",
        "grad:data",
        [8.0e-3, 0.06, 0.06, 0.06, 0.06, 0.06, 0.12],
        0.03,
    ),
    Published(
        "gain 5/3, step 0: saturation, %", "deep-start", "gain 5/3 saturation", [20.25, 8.38, 6.62, 5.47, 6.12], 2.0
    ),
    Published("gain 1, step 0: saturation, %", "deep-start", "gain 1 saturation", [3.50, 0.03, 0.06, 0, 0], 1.0),
    Published(
        "gain 0.5, step 0: gradient std, first and last layer",
        "deep-start",
        "gain 0.5 gradient ends",
        [1.9e-5, 3.1e-4],
        6e-5,
    ),
    Published(
        "no tanh, gain 0.5, step 0: std", "deep-start", "linear, gain 0.5 std", [0.49, 0.25, 0.13, 0.06, 0.03], 0.03
    ),
]

DEEP_SAME_SEED = [  # from the notebook's own random numbers; a tolerance is half a unit of the last printed digit
    Published("parameters", "deep-same-seed", "parameters", 47_024),
    Published("loss at step 0", "deep-same-seed", "step 0", 3.2870, 5.1e-5),
    Published(
        "step 1000: saturation by layer, %", "deep-same-seed", "saturation", [2.78, 2.56, 2.25, 1.69, 1.88], 0.0051
    ),
    Published("step 1000: std, least and most of the layers", "deep-same-seed", "std range", [0.63, 0.65], 0.0051),
    Published(
        "step 1000: gradient std, first and last layer", "deep-same-seed", "gradient ends", [2.64e-3, 1.95e-3], 5.1e-6
    ),
    Published("step 1000: grad:data of the embedding", "deep-same-seed", "grad:data embedding", 8.0e-3, 5.1e-5),
    Published(
        "step 1000: grad:data, least and most of the hidden",
        "deep-same-seed",
        "grad:data hidden range",
        [0.049, 0.070],
        5.1e-4,
    ),
    Published("step 1000: grad:data of the output", "deep-same-seed", "grad:data output", 0.12, 5.1e-3),
    Published(
        "gain 5/3, step 0: saturation, %",
        "deep-start-same-seed",
        "gain 5/3 saturation",
        [20.25, 8.38, 6.62, 5.47, 6.12],
        0.0051,
    ),
    Published(
        "gain 1, step 0: saturation, %", "deep-start-same-seed", "gain 1 saturation", [3.50, 0.03, 0.06, 0, 0], 0.0051
    ),
    Published(
        "gain 0.5, step 0: gradient std, first", "deep-start-same-seed", "gain 0.5 gradient first", 1.9e-5, 5.1e-7
    ),
    Published(
        "gain 0.5, step 0: gradient std, last", "deep-start-same-seed", "gain 0.5 gradient last", 3.1e-4, 5.1e-6
    ),
    Published(
        "no tanh, gain 0.5, step 0: std",
        "deep-start-same-seed",
        "linear, gain 0.5 std",
        [0.49, 0.25, 0.13, 0.06, 0.03],
        0.0051,
    ),
]

BACKPROP = [
    Published("chunked BatchNorm MLP: parameters", "backprop", "parameters", 4_137),
    Published("gradients compared (published: 26)", "backprop", "compared", 26, 0, "at least"),
    Published("gradients that are wrong", "backprop", "wrong", 0),
    Published("gradients that differ in some bit", "backprop", "not exact", None, 0, "ours"),
    Published("largest difference of any", "backprop", "largest", 0.0, 5e-8),
    Published("cross-entropy in one expression: maxdiff", "backprop", "cross-entropy", 5e-9, 2e-9, "at most"),
    Published("BatchNorm in one expression: maxdiff", "backprop", "batchnorm", 9e-10, 2e-10, "at most"),
    Published("trained by hand: parameters", "lecture-by-hand", "parameters", 12_297),
    Published("trained by hand: val", "lecture-by-hand", "val", 2.110, 0.01, "at most"),
]

WAVENET = [
    *_net("flat MLP, 3 characters", "wavenet-flat-3", 12_097, 3.30, (2.058, 2.105), 0.006),
    *_net("flat MLP, 8 characters", "wavenet-flat-8", 22_097, 3.30, (1.918, 2.027), 0.006),
    *_net("hierarchical 2-2-2", "wavenet-by-position", 22_397, 3.30, (1.941, 2.029), 0.006),
    *_net("and BatchNorm over batch and time", "wavenet-small", 22_397, 3.30, (1.912, 2.022), 0.006),
    *_net("embedding 24, hidden 128", "wavenet", 76_579, 3.30, (1.7690, 1.9937), 0.006),
    Published("embedding 24, hidden 128: test", "wavenet", "test", 1.9868, 0.006, "at most"),
    Published("convolutional form: largest change of a log probability", "sliding", "difference", 0.0, 1e-5),
]

MAKEMORE = [
    Published("bigram: parameters", "makemore-parameters", "bigram", 729),
    Published("bag of words: parameters", "makemore-parameters", "bow", 12_827),
    Published("RNN: parameters", "makemore-parameters", "rnn", 11_803),
    Published("GRU: parameters", "makemore-parameters", "gru", 28_315),
    Published("MLP: parameters", "makemore-parameters", "mlp", 69_147),
    Published("Transformer: parameters", "makemore-parameters", "transformer", 204_544),
    Published("Transformer: best on its 1,000 names", "makemore-transformer", "val", 1.92, 0.02, "at most"),
    *(
        Published(f"{name}: best on its 1,000 names", f"makemore-{job}", "val", None, 0, "ours")
        for job, name in {"bigram": "bigram", "bow": "bag of words", "mlp": "MLP", "rnn": "RNN", "gru": "GRU"}.items()
    ),
]

TEXT = [
    Published("tinyshakespeare: Transformer, 2,000 steps of 12, val", "characters", "val", 1.88, 0.0, "at most"),
    Published("tinyshakespeare: parameters", "characters", "parameters", None, 0, "ours"),
    Published("Bengio's net on Brown: parameters", "bengio", "parameters", 16_383 * (1 + 5 * 30 + 100) + 100 * 121),
    Published("Shakespeare's words: vocabulary", "words", "vocabulary", None, 0, "ours"),
    Published("words of train, val, test", "words", "tokens", None, 0, "ours"),
    Published("test perplexity: interpolated trigram (Brown: 336)", "words", "trigram", None, 0, "ours"),
    Published("test perplexity: Kneser-Ney trigram (Brown: 323)", "words", "kneser-ney", None, 0, "ours"),
    Published("test perplexity: Bengio's net (Brown: 276)", "words", "net", None, 0, "ours"),
    Published("test perplexity: half and half (Brown: 252)", "words", "half and half", None, 0, "ours"),
    Published("test perplexity: weights fitted on val", "words", "fitted", None, 0, "ours"),
]

SECTIONS: dict[str, list[Published]] = {
    "Scalar engine (micrograd)": SCALAR,
    "names.txt": FACTS,
    "Counting (makemore, part 1; Kneser-Ney)": COUNTS,
    "MLP: block 3, 200,000 steps (makemore, parts 2 and 3)": MLP,
    "Five hidden layers of 100 (makemore, part 3)": DEEP,
    "The same from the lecture's own seed, measured by the doctor": DEEP_SAME_SEED,
    "Backprop by hand (makemore, part 4)": BACKPROP,
    "WaveNet: block 8, 200,000 steps (makemore, part 5)": WAVENET,
    "makemore's other models (its own test split of 1,000)": MAKEMORE,
    "Running text (char-rnn's Shakespeare; Bengio et al. 2003)": TEXT,
}
