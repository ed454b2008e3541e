#!/usr/bin/env python3
"""Values and gradients of PyTorch in float64 for every operator: writes torch_cases.json beside this file, or to FILE.

    pip install torch==2.12.0 && tests/conformance/make_torch_cases.py [FILE]

A case holds the operator's name, its attributes, inputs, indices, the result y, weights w and the gradients of sum(y w)."""
import json
import pathlib
import random
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(20240501)
random.seed(20240501)
cases = []


def tensor_json(t):
    return {"shape": list(t.shape), "data": [float(f"{x:.17g}") for x in t.detach().reshape(-1).tolist()]}


def case(op, f, inputs, attributes=None, indices=(), note=None):
    """Records f(*inputs, *indices) and its gradients."""
    x = [t.detach().clone().requires_grad_(True) for t in inputs]
    y = f(*x, *indices)
    w = torch.round(torch.randn_like(y) * 256) / 256
    g = torch.autograd.grad((y * w).sum(), x, allow_unused=True)
    cases.append({
        "op": op, "attributes": attributes or {}, "inputs": [tensor_json(t) for t in x],
        "indices": [{"shape": list(i.shape), "data": i.reshape(-1).tolist()} for i in indices], "y": tensor_json(y),
        "w": tensor_json(w), "gradients": [tensor_json(a if a is not None else torch.zeros_like(b)) for a, b in zip(g, x)]})


def shape(least=0, most=3):
    return [random.randint(1, 5) for _ in range(random.randint(least, most))]


short = lambda t: torch.round(t * 256) / 256  # few digits in the file
normal = lambda s: short(torch.randn(s))
positive = lambda s: short(torch.rand(s) * 4 + 0.1)
unit = lambda s: short(torch.rand(s) * 0.96 + 0.02)

# ---- elementwise
tanh_gelu = lambda x: F.gelu(x, approximate="tanh")
unary = {
    "abs": (torch.abs, normal), "cos": (torch.cos, normal), "cosh": (torch.cosh, normal), "erf": (torch.erf, normal),
    "erfc": (torch.erfc, normal), "exp": (torch.exp, normal), "expm1": (torch.expm1, normal), "log": (torch.log, positive),
    "log1p": (torch.log1p, positive), "neg": (torch.neg, normal), "reciprocal": (torch.reciprocal, positive),
    "sin": (torch.sin, normal), "sinh": (torch.sinh, normal), "sqrt": (torch.sqrt, positive), "square": (torch.square, normal),
    "sign": (torch.sign, normal), "tanh": (torch.tanh, normal), "sigmoid": (torch.sigmoid, normal), "relu": (F.relu, normal),
    "silu": (F.silu, normal), "mish": (F.mish, normal), "hardswish": (F.hardswish, normal), "selu": (F.selu, normal),
    "softplus": (F.softplus, normal), "gelu": (tanh_gelu, normal), "gelu_erf": (F.gelu, normal)}
for name, (f, draw) in unary.items():
    for scale in (1, 3):
        case(name, f, [draw(shape()) * scale])
for alpha in (0.5, 1.0, 2.0):
    case("elu", lambda x: F.elu(x, alpha), [normal(shape())], {"alpha": alpha})
    case("leaky_relu", lambda x: F.leaky_relu(x, alpha / 10), [normal(shape())], {"slope": alpha / 10})
    case("clamp", lambda x: torch.clamp(x, -alpha, alpha / 2), [normal(shape())], {"lo": -alpha, "hi": alpha / 2})
    case("scale", lambda x: x * alpha, [normal(shape())], {"factor": alpha})
binary = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "maximum": torch.maximum,
          "minimum": torch.minimum}
for name, f in binary.items():
    s = shape()
    case(name, f, [normal(s), normal(s)])
for _ in range(3):
    s = shape()
    case("pow", torch.pow, [positive(s), normal(s) * 2])
    case("where", lambda c, x, y: torch.where(c > 0, x, y), [(normal(s) > 0).double(), normal(s), normal(s)])
    case("gt", lambda a, b: torch.gt(a, b).double() + 0 * a + 0 * b, [normal(s), normal(s)])
    whole = lambda: torch.randint(-1, 2, s).double()
    case("ge", lambda a, b: torch.ge(a, b).double() + 0 * a + 0 * b, [whole(), whole()])
    case("eq", lambda a, b: torch.eq(a, b).double() + 0 * a + 0 * b, [whole(), whole()])

# ---- reductions and normalisation
for _ in range(4):
    s = shape(1, 4)
    d = random.randrange(len(s))
    at = {"axis": d}
    case("softmax", lambda x: torch.softmax(x, d), [normal(s) * 3], at)
    case("log_softmax", lambda x: torch.log_softmax(x, d), [normal(s) * 3], at)
    case("logsumexp", lambda x: torch.logsumexp(x, d), [normal(s) * 3], at)
    case("reduce_sum", lambda x: torch.sum(x, d), [normal(s)], at)
    case("reduce_mean", lambda x: torch.mean(x, d), [normal(s)], at)
    case("reduce_max", lambda x: torch.max(x, d).values, [normal(s)], at)
    case("reduce_min", lambda x: torch.min(x, d).values, [normal(s)], at)
    case("cumsum", lambda x: torch.cumsum(x, d), [normal(s)], at)
    case("sum", torch.sum, [normal(s)])
    s[d] += 1
    case("variance", lambda x: torch.var(x, d), [normal(s)], {"axis": d, "correction": 1})
    case("variance", lambda x: torch.var(x, d, correction=0), [normal(s) + 100], {"axis": d, "correction": 0})
    n = s[-1]
    case("layer_norm", lambda x, g, b: F.layer_norm(x, (n,), g, b, eps=1e-6), [normal(s), normal([n]), normal([n])])
    case("rms_norm", lambda x, g: F.rms_norm(x, (n,), g, eps=1e-6), [normal(s), normal([n])])
    axes = sorted(random.sample(range(len(s)), random.randint(1, len(s))))
    for keep in (False, True):
        over = {"axes": axes, "keepdim": keep}
        case("sum_over", lambda x: torch.sum(x, axes, keep), [normal(s)], over)
        case("mean_over", lambda x: torch.mean(x, axes, keep), [normal(s)], over)
        case("logsumexp_over", lambda x: torch.logsumexp(x, axes, keep), [normal(s)], over)
for spatial in (1, 2):
    s = [3, 6] + [4] * spatial
    case("batch_norm", lambda x, g, b: F.batch_norm(x, None, None, g, b, True, eps=1e-5), [normal(s), normal([6]), normal([6])])
    for groups in (1, 2, 6):
        case("group_norm", lambda x, g, b: F.group_norm(x, groups, g, b, eps=1e-5), [normal(s), normal([6]), normal([6])],
             {"groups": groups})
case("batch_norm_channel_first", lambda x, g, b: F.instance_norm(x[None], weight=g, bias=b, eps=1e-6)[0],
     [normal([3, 4, 5]), normal([3]), normal([3])])

# ---- losses
losses = {"mse_loss": (F.mse_loss, {}), "mae_loss": (F.l1_loss, {}), "huber_loss": (F.huber_loss, {"delta": 0.7}),
          "smooth_l1_loss": (F.smooth_l1_loss, {"beta": 0.7})}
for reduction in ("mean", "sum"):
    for name, (f, attributes) in losses.items():
        s = shape(1)
        case(name, lambda x, t: f(x, t, reduction=reduction, **attributes), [normal(s), normal(s)],
             {**attributes, "reduction": reduction})
    s = shape(1)
    case("bce_with_logits_loss", lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction=reduction), [normal(s), unit(s)],
         {"reduction": reduction})
    for smoothing in (0.0, 0.1):
        x, labels = normal([4, 3, 5]), torch.randint(0, 5, [4, 3])
        labels[1, 2] = 2
        for ignore in (-100, 2):
            case("cross_entropy_labels",
                 lambda x, l: F.cross_entropy(x.movedim(-1, 1), l, reduction=reduction, label_smoothing=smoothing, ignore_index=ignore),
                 [x], {"reduction": reduction, "label_smoothing": smoothing, "ignore_index": ignore}, [labels])
t = torch.softmax(normal([4, 5]), -1)
case("cross_entropy_logits", lambda x, t: F.cross_entropy(x, t), [normal([4, 5]), t], {"reduction": "mean"})

# ---- products, convolution, pooling
for _ in range(3):
    m, k, n, b = (random.randint(1, 5) for _ in range(4))
    case("matmul", torch.matmul, [normal([m, k]), normal([k, n])])
    case("bmm", torch.bmm, [normal([b, m, k]), normal([b, k, n])])
    case("linear", lambda w, bias, x: F.linear(x, w, bias), [normal([n, k]), normal([n]), normal([b, m, k])])
convs = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
transposed = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
for d in (1, 2, 3):
    for _ in range(3):
        pick = lambda lo, hi: [random.randint(lo, hi) for _ in range(d)]
        groups = random.choice([1, 1, 2])
        stride, padding, dilation, kernel = pick(1, 2), pick(0, 1), pick(1, 2) if d < 3 else [1] * d, pick(1, 3 if d < 3 else 2)
        c, o = groups * random.randint(1, 2), groups * random.randint(1, 2)
        at = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        x = normal([1 if d == 3 else 2, c] + (pick(3, 4) if d == 3 else pick(5, 6)))
        case("conv", lambda w, b, x: convs[d](x, w, b, stride, padding, dilation, groups), [normal([o, c // groups] + kernel), normal([o]), x], at)
        case("conv_transpose", lambda w, b, x: transposed[d](x, w, b, stride, padding, 0, groups, dilation),
             [normal([c, o // groups] + kernel), normal([o]), x], at)
        pad = [random.randint(0, k // 2) for k in kernel]
        at = {"kernel": kernel, "stride": stride, "padding": pad}
        case("max_pool", lambda x: {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}[d](x, kernel, stride, pad), [x], at)
        case("avg_pool", lambda x: {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}[d](x, kernel, stride, pad), [x], at)
        windows = pick(1, 4)
        case("adaptive_avg_pool", lambda x: {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}[d](x, windows), [x], {"windows": windows})
        case("adaptive_max_pool", lambda x: {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}[d](x, windows), [x], {"windows": windows})

# ---- attention
for causal in (False, True):
    for g, h in ((2, 2), (1, 2), (2, 4)):
        q, k, v = normal([2, h, 3, 4]), normal([2, g, 3, 4]), normal([2, g, 3, 5])
        case("scaled_dot_product_attention", lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=True), [q, k, v], {"causal": causal})
case("scaled_dot_product_attention", lambda q, k, v, b: F.scaled_dot_product_attention(q, k, v, attn_mask=b), [normal([2, 3, 4]), normal([2, 5, 4]), normal([2, 5, 3]), normal([3, 5])], {"causal": False})

# ---- moving entries
case("concat", lambda a, b: torch.cat((a, b), 1), [normal([2, 3, 4]), normal([2, 1, 4])], {"axis": 1})
case("slice", lambda x: x[:, 1:6:2], [normal([2, 7, 3])], {"axis": 1, "start": 1, "stop": 6, "step": 2})
case("diagonal", lambda x: torch.diagonal(x, dim1=2, dim2=0), [normal([3, 2, 4])], {"axis1": 2, "axis2": 0})
case("permute", lambda x: x.permute(2, 0, 1), [normal([2, 3, 4])], {"axes": [2, 0, 1]})
case("gather_rows", lambda x, i: torch.index_select(x, 0, i), [normal([5, 3])], {}, [torch.tensor([4, 0, 4, 2])])
case("stack", lambda a, b, c: torch.stack((a, b, c), 1), [normal([2, 3]), normal([2, 3]), normal([2, 3])], {"axis": 1})
case("chunk", lambda x: torch.chunk(x, 3, 1)[2], [normal([2, 7])], {"axis": 1, "count": 3, "piece": 2})
for equation, shapes in (("ij,jk->ik", [[2, 3], [3, 4]]), ("bij,bjk->bik", [[2, 3, 4], [2, 4, 5]]), ("ii->i", [[3, 3]]), ("ii", [[3, 3]]),
                         ("ij->ji", [[2, 3]]), ("i,j", [[2], [3]]), ("ijk,k->ij", [[2, 3, 4], [4]]), ("...ij,...jk->...ik", [[2, 5, 3, 4], [5, 4, 2]]),
                         ("...i,i", [[2, 3, 4], [4]]), ("bhid,bhjd->bhij", [[2, 2, 3, 4], [2, 2, 5, 4]]), ("ij,jk,kl->il", [[2, 3], [3, 4], [4, 2]]),
                         ("ba,ca", [[2, 3], [4, 3]]), ("i,i->", [[3], [3]]), ("ijj->i", [[2, 3, 3]]), ("...a,...a->...", [[1, 3, 2], [4, 1, 2]])):
    case("einsum", lambda *x: torch.einsum(equation, *x), [normal(s) for s in shapes], {"equation": equation})

# ---- recurrent sequences
for kind, gates in ((torch.nn.RNN, 1), (torch.nn.GRU, 3), (torch.nn.LSTM, 4)):
    i, h, steps, n = 3, 4, 5, 2
    layer = kind(i, h)
    def run(w_ih, w_hh, b_ih, b_hh, x):
        weights = {"weight_ih_l0": w_ih, "weight_hh_l0": w_hh, "bias_ih_l0": b_ih, "bias_hh_l0": b_hh}
        return torch.func.functional_call(layer, weights, (x,))[0]
    case(kind.__name__.lower(), run, [normal([gates * h, i]), normal([gates * h, h]), normal([gates * h]), normal([gates * h]), normal([steps, n, i])])

# ---- operators without a function of their own in PyTorch, from the formulas of the contract
eps = 1e-6
formulas = {
    "log_shifted": (lambda x: torch.log(x + eps), positive), "safe_log": (lambda x: torch.log(F.softplus(x) + eps), normal),
    "safe_reciprocal": (lambda x: 1 / (x + eps), positive), "smooth_abs": (lambda x: torch.sqrt(x * x + eps), normal)}
for name, (f, draw) in formulas.items():
    case(name, f, [draw(shape())])
    case(name, f, [draw(shape()) / 64])
for _ in range(2):
    s = shape()
    case("safe_div", lambda a, b: a / (b + eps), [normal(s), positive(s)])
    case("where_greater", lambda a, b, x, y: torch.where(a > b, x, y) + 0 * a + 0 * b, [normal(s), normal(s), normal(s), normal(s)])
for reduction in ("mean", "sum"):
    total = torch.mean if reduction == "mean" else torch.sum
    s, at = shape(1), {"reduction": reduction}
    case("binary_cross_entropy_loss", lambda x, t: F.binary_cross_entropy(x, t, reduction=reduction), [unit(s), unit(s)], at)
    case("poisson_loss", lambda x, t: F.poisson_nll_loss(x, t, log_input=True, full=False, reduction=reduction), [normal(s), positive(s)], at)
    case("hinge_loss", lambda x, t: total(F.relu(1 - t * x)), [normal(s), torch.sign(normal(s) + 0.001)], at)
    case("log_cosh_loss", lambda x, t: total(torch.log(torch.cosh(x - t))), [normal(s), normal(s)], at)
    case("cross_entropy_loss", lambda x, t: total(-(t * torch.log(x)).sum(-1)), [unit([3, 4, 5]), unit([3, 4, 5])], at)
for scale, least in ((1, 1e-6), (1e-9, 1e-6), (0.01, 0.125)):  # a length below epsilon counts as epsilon
    case("cosine_similarity_loss", lambda x, t: 1 - (x * t).sum() / (torch.clamp(x.norm(), min=least) * torch.clamp(t.norm(), min=least)),
         [normal([3, 4]) * scale, normal([3, 4])], {"epsilon": least})
for _ in range(2):
    pick = lambda lo, hi: [random.randint(lo, hi) for _ in range(2)]
    stride, padding, dilation, kernel, x = pick(1, 2), pick(0, 1), pick(1, 2), pick(2, 3), normal([2, 4] + pick(5, 7))
    at = {"stride": stride, "padding": padding, "dilation": dilation, "groups": 2}
    case("conv2d", lambda w, b, x: F.conv2d(x, w, b, stride, padding, dilation, 2), [normal([6, 2] + kernel), normal([6]), x], at)
    case("conv_transpose2d", lambda w, b, x: F.conv_transpose2d(x, w, b, stride, padding, 0, 2, dilation), [normal([4, 3] + kernel), normal([6]), x], at)
    at = {"kernel": kernel, "stride": stride, "padding": padding}
    case("max_pool2d", lambda x: F.max_pool2d(x, kernel, stride, padding), [x], at)
    case("avg_pool2d", lambda x: F.avg_pool2d(x, kernel, stride, padding), [x], at)
    for beta in (2.0, -0.5):
        # The mean over the window, zeros in the padding, times its cells is the sum.
        smooth = lambda x: torch.log(F.avg_pool2d(F.pad(torch.exp(beta * x) - 1, [padding[1]] * 2 + [padding[0]] * 2), kernel, stride) * kernel[0] * kernel[1] + kernel[0] * kernel[1]) / beta
        for name in ("smooth_max_pool", "smooth_max_pool2d"):
            case(name, smooth, [x], {**at, "beta": beta})
def self_attention(wq, wk, wv, wo, x, mask, heads, causal):
    cut = lambda w: (x @ w).unflatten(-1, (heads, -1)).transpose(-2, -3)
    n = x.shape[-2]
    allowed = (mask != 0) & (torch.ones(n, n).tril() > 0 if causal else torch.ones(n, n) > 0)
    scores = cut(wq) @ cut(wk).transpose(-1, -2) / (wq.shape[1] // heads) ** 0.5
    a = torch.softmax(scores.masked_fill(~allowed, float("-inf")), -1)
    return (a @ cut(wv)).transpose(-2, -3).flatten(-2) @ wo
for causal in (False, True):
    weights, x = [normal([5, 6]), normal([5, 6]), normal([5, 6]), normal([6, 5])], normal([2, 4, 5])
    at = {"heads": 2, "causal": causal}
    case("multi_head_attention", lambda *w: self_attention(*w, torch.ones(4, 4), 2, causal), [*weights, x], at)
    mask = torch.tensor([[1, 0, 1, 1], [1, 1, 0, 0], [0, 1, 1, 1], [1, 0, 0, 1]])
    case("masked_multi_head_attention", lambda *w: self_attention(*w, 2, causal), [*weights, x], at, [mask])
def turned(x, base, offset, interleaved):
    d = x.shape[-1]
    angle = (offset + torch.arange(x.shape[-2]))[:, None] * base ** (-2.0 * torch.arange(d // 2) / d)
    a, b = (x[..., 0::2], x[..., 1::2]) if interleaved else (x[..., : d // 2], x[..., d // 2 :])
    pair = (a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos())
    return torch.stack(pair, -1).flatten(-2) if interleaved else torch.cat(pair, -1)
for interleaved in (False, True):
    for base, offset in ((10000.0, 0), (7.0, 3)):
        case("rotary", lambda x: turned(x, base, offset, interleaved), [normal([2, 3, 6])], {"base": base, "offset": offset, "interleaved": interleaved})
case("batch_norm_channel_first", lambda x, g, b: F.instance_norm(x[None], weight=g, bias=b, eps=1e-6)[0], [normal([5, 2, 3]), normal([5]), normal([5])])
case("diagonal", lambda x: torch.diagonal(x, dim1=0, dim2=1), [normal([3, 4, 2])], {"axis1": 0, "axis2": 1})
case("broadcast_to", lambda x: x.expand(4, 2, 3), [normal([2, 1])], {"dims": [4, 2, 3], "axes": []})
case("broadcast_to", lambda x: x[:, None, :].expand(2, 4, 3), [normal([2, 3])], {"dims": [2, 4, 3], "axes": [0, 2]})
case("concat_dim0", lambda a, b: torch.cat((a, b)), [normal([2, 3]), normal([4, 3])])
case("concat_vectors", lambda a, b: torch.cat((a, b), -1), [normal([2, 3]), normal([2, 4])])
case("flatten", lambda x: torch.flatten(x, 1), [normal([2, 3, 4])], {"start": 1})
case("reshape", lambda x: torch.reshape(x, (4, 6)), [normal([2, 3, 4])], {"dims": [4, 6]})
for i in (0, 2):
    case("gather_row", lambda x: x[..., i, :], [normal([2, 4, 3])], {"i": i})
    case("gather_scalar", lambda x: x[..., i], [normal([2, 4])], {"i": i})
    case("gather_scalar_nat", lambda x: x[..., i], [normal([2, 4])], {"i": i})
    def add_at(x, v, ellipsis_and_i):
        y = x.clone()
        y[ellipsis_and_i] = y[ellipsis_and_i] + v
        return y
    case("scatter_add_row", lambda x, v: add_at(x, v, (..., i, slice(None))), [normal([2, 4, 3]), normal([2, 3])], {"i": i})
    case("scatter_add_vec", lambda x, v: add_at(x, v, (..., i)), [normal([2, 4]), normal([2])], {"i": i})
    case("slice_dim0", lambda x: x[i:i + 3], [normal([6, 2])], {"start": i, "length": 3})
    case("swap_adjacent_at_depth", lambda x: x.transpose(i, i + 1) if i < 2 else x, [normal([2, 3, 4])], {"depth": i})
case("gather_scalar_nat", lambda x: 0 * x[..., 0], [normal([2, 4])], {"i": 4})  # outside: 0
case("gather_vec", lambda x, j: x[..., j], [normal([2, 5])], {}, [torch.tensor([[4, 0, 4], [1, 3, 0]])])
case("gather_vec", lambda x, j: torch.where(j < 5, x[j.clamp(max=4)], 0.0), [normal([5])], {}, [torch.tensor([4, 5, 0])])
case("transpose2d", lambda x: x.transpose(-1, -2), [normal([2, 3, 4])])
case("transpose3d_first_to_last", lambda x: x.permute(1, 2, 0), [normal([2, 3, 4])])
case("transpose3d_last_to_first", lambda x: x.permute(2, 0, 1), [normal([2, 3, 4])])
case("transpose3d_last_two", lambda x: x.permute(0, 2, 1), [normal([2, 3, 4])])

path = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("torch_cases.json"))
path.write_text('{"made_with": "PyTorch %s", "cases": [\n%s\n]}\n' % (torch.__version__, ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)))
print(f"{len(cases)} cases, {path.stat().st_size} bytes")
