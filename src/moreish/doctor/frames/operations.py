"""The operations that the doctor knows, by torch's own names, and what family each belongs to."""

KINDS: dict[str, str] = {
    **dict.fromkeys(("linear", "conv1d", "conv2d", "conv3d", "addmm", "baddbmm"), "linear"),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "bilinear"), "linear"),
    **dict.fromkeys(("matmul", "mm", "bmm", "einsum"), "product"),
    **dict.fromkeys(("embedding", "embedding_bag"), "embedding"),
    **dict.fromkeys(("tanh", "tanh_", "sigmoid", "sigmoid_", "relu", "relu_", "relu6", "leaky_relu"), "activation"),
    **dict.fromkeys(("elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "hardtanh"), "activation"),
    **dict.fromkeys(("leaky_relu_", "elu_", "glu", "prelu", "hardswish", "log_sigmoid"), "activation"),
    **dict.fromkeys(("softsign", "hardsigmoid", "_threshold", "special_expit"), "activation"),
    **dict.fromkeys(("softmax", "log_softmax"), "softmax"),
    **dict.fromkeys(("batch_norm", "instance_norm", "layer_norm", "group_norm", "rms_norm"), "norm"),
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"), "dropout"),
    "feature_alpha_dropout": "dropout",
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), "recurrent"),
    **dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), "recurrent"),
    **dict.fromkeys(("multi_head_attention_forward", "scaled_dot_product_attention"), "attention"),
    **dict.fromkeys(("cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss"), "loss"),
    **dict.fromkeys(("huber_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits"), "loss"),
    "kl_div": "divergence",
    "ctc_loss": "alignment",
    **dict.fromkeys(("cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss"), "signed"),
    "soft_margin_loss": "signed",
    "poisson_nll_loss": "counted",
    **dict.fromkeys(("add", "add_", "__add__", "__radd__", "__iadd__"), "add"),
    **dict.fromkeys(("sub", "sub_", "rsub", "__rsub__", "subtract"), "subtract"),
    **dict.fromkeys(("mul", "mul_", "multiply"), "multiply"),
    **dict.fromkeys(("div", "div_", "true_divide", "divide", "__rdiv__", "__rtruediv__"), "divide"),
    **dict.fromkeys(("pow", "exp", "log", "sqrt", "neg", "abs", "clamp", "clamp_min", "maximum"), "pointwise"),
    **dict.fromkeys(("minimum", "where", "masked_fill", "masked_fill_", "cat", "stack", "square"), "pointwise"),
    **dict.fromkeys(("clip", "clip_", "clamp_", "clamp_max", "log1p", "expm1", "log2", "log10"), "pointwise"),
    **dict.fromkeys(("sum", "mean", "amax", "std", "norm", "logsumexp"), "reduce"),
    **dict.fromkeys(("max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d"), "pool"),
    **dict.fromkeys(("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool2d"), "pool"),
    **dict.fromkeys(("view", "reshape", "flatten", "squeeze", "unsqueeze", "contiguous", "clone"), "view"),
    **dict.fromkeys(("to", "float", "double", "half", "bfloat16", "unflatten", "view_as"), "view"),
    **dict.fromkeys(("transpose", "permute", "t", "mT", "movedim", "swapaxes", "expand"), "reorder"),
    **dict.fromkeys(("__getitem__", "select", "narrow", "index_select", "gather", "split", "chunk"), "select"),
    **dict.fromkeys(("argmax", "topk"), "decide"),
    **dict.fromkeys(("argmin", "argsort", "multinomial", "bernoulli", "__float__", "__int__"), "cut"),
    **dict.fromkeys(("detach", "detach_", "data", "item", "numpy", "tolist", "tensor", "as_tensor"), "cut"),
    **dict.fromkeys(("round", "floor", "ceil", "trunc", "sign"), "flat"),
    **dict.fromkeys(("rsqrt", "acos", "asin", "var", "normalize"), "pointwise"),
    **dict.fromkeys(("cosine_similarity", "pairwise_distance", "cdist"), "compare"),
    **dict.fromkeys(("randn", "randn_like", "normal", "normal_", "rand", "rand_like"), "noise"),
    **dict.fromkeys(("gt", "ge", "lt", "le", "__gt__", "__ge__", "__lt__", "__le__"), "threshold"),
    **dict.fromkeys(("__eq__", "eq"), "match"),
    **dict.fromkeys(("__ne__", "ne", "not_equal"), "differ"),
    "logcumsumexp": "cumulative",
    **dict.fromkeys(("index_add", "index_add_", "scatter_add", "scatter_add_", "scatter_reduce"), "scatter"),
    **dict.fromkeys(("scatter_reduce_", "index_reduce", "index_reduce_"), "scatter"),
    "_sparse_mm": "gathered",
    "max": "largest",
    "min": "least",
    "__setitem__": "write",
    "_amp_foreach_non_finite_check_and_unscale_": "unscale",
    "backward": "backward",
    "grad": "derivative",
}

MEASURED = frozenset({"linear", "embedding", "activation", "softmax", "norm", "recurrent", "attention", "module"})
POINTWISE = frozenset({"add", "subtract", "multiply", "divide", "pointwise", "dropout", "select"})
SHAPED = frozenset({"view", "reorder"})
BETWEEN = POINTWISE | SHAPED | {"norm", "reduce", "pool"}  # what may lie between a weight and an activation

STEEP = {
    "sqrt",
    "rsqrt",
    "pow",
    "log",
    "std",
    "var",
    "acos",
    "asin",
    "div",
    "true_divide",
}  # somewhere
FRAGILE = {"div", "true_divide", "divide", "log", "sqrt", "exp", "pow", "norm"}  # where NaN and infinity are made
BOUNDED = {"tanh", "tanh_", "sigmoid", "sigmoid_"}
RECTIFIED = {"relu", "relu_", "relu6"}
PIECEWISE_LINEAR = RECTIFIED | {"leaky_relu", "leaky_relu_", "prelu", "hardtanh"}
CONVOLUTIONS = {"conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"}
