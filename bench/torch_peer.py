#!/usr/bin/env python3
"""The workloads of workloads/ in PyTorch, as its user would write them, with the same data.

Answers requests on stdin, one line of JSON each, like `bench_workloads --serve`: `check NAME`, `round NAME eager`,
`round NAME compile`. `--memory NAME` runs one workload and prints the peak resident set.
"""
import argparse
import json
import math
import os
import resource
import sys
import time
import warnings

import torch
import torch.nn.functional as F
from torch import nn

SECONDS_OF_A_ROUND = 0.15
CHECKED_CALLS = 3

warnings.filterwarnings("ignore")


# ---- data: the formulas of workloads/data.cpp --------------------------------------------------------------------------------

def entries(n, series):
    low = 0xFFFFFFFF
    h = (torch.arange(n, dtype=torch.int64) + series * 1_000_003) * 2_654_435_761 & low
    h = h ^ (h >> 16)
    h = h * 0x85EBCA6B & low
    h = h ^ (h >> 13)
    h = h * 0xC2B2AE35 & low
    h = h ^ (h >> 16)
    return h.double() / 2_147_483_648 - 1


def data(dims, series, scale=1.0, grad=False):
    return (scale * entries(math.prod(dims), series)).float().reshape(dims).requires_grad_(grad)


def labels(dims, series, classes):
    return ((entries(math.prod(dims), series) + 1) / 2 * classes).long().reshape(dims)


def set_parameters(parameters):
    with torch.no_grad():
        for k, p in enumerate(parameters):
            p.copy_(data(p.shape, 100 + k, 0.1 if p.dim() == 1 else 1 / math.sqrt(math.prod(p.shape[1:]))))


def digest(tensors):
    numbers = []
    for x in tensors:
        x = x.detach().double().reshape(-1)
        numbers += [torch.dot(x, entries(x.numel(), 7)).item(), torch.linalg.vector_norm(x).item()]
    return numbers


# ---- ways to call ------------------------------------------------------------------------------------------------------------
# A workload is a pair of functions: one call, and the tensors that the last call computed.

class forward_only:
    def __init__(self, f, *inputs, through=lambda f: f):
        self.f, self.inputs, self.y = through(f), inputs, None

    def run(self):
        with torch.inference_mode():
            self.y = self.f(*self.inputs)

    def results(self):
        return [self.y]


class forward_and_backward:
    def __init__(self, f, *inputs, through=lambda f: f):
        self.f, self.inputs = through(f), [x.requires_grad_() for x in inputs]
        self.y, self.dy, self.gradients = None, None, None

    def forward(self):
        self.y = self.f(*self.inputs)
        if self.dy is None:
            self.dy = torch.ones(()) if self.y.dim() == 0 else data(self.y.shape, 99)

    def run(self):
        self.forward()
        self.gradients = torch.autograd.grad(self.y, self.inputs, self.dy)

    def results(self):
        return [self.y, *self.gradients]


class backward_only(forward_and_backward):
    def __init__(self, f, *inputs, through=lambda f: f):
        super().__init__(f, *inputs, through=through)
        self.forward()

    def run(self):
        self.gradients = torch.autograd.grad(self.y, self.inputs, self.dy, retain_graph=True)


class training_step:
    def __init__(self, model, loss_of, optimiser_of, *inputs, through=lambda f: f):
        self.parameters = model.parts() if hasattr(model, "parts") else list(model.parameters())
        set_parameters(self.parameters)
        self.inputs = inputs
        self.optimiser = optimiser_of(model.parameters())
        self.compute = through(lambda *inputs: loss_of(model, *inputs))
        self.update = through(self.optimiser.step)
        self.loss = None

    def run(self):
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.compute(*self.inputs)
        loss.backward()
        self.update()
        self.loss = loss.item()  # as nn::sequential::step gives it

    def results(self):
        return [torch.tensor(self.loss), *self.parameters]


class model_gradients:
    def __init__(self, model, loss_of, *inputs, through=lambda f: f):
        set_parameters(model.parameters())
        self.parameters = list(model.parameters())
        self.compute = through(lambda *inputs: loss_of(model, *inputs))
        self.inputs, self.loss, self.gradients = inputs, None, None

    def run(self):
        self.loss = self.compute(*self.inputs)
        self.gradients = torch.autograd.grad(self.loss, self.parameters)

    def results(self):
        return [self.loss, *self.gradients]


class attention_block:
    def __init__(self, through=lambda f: f):
        self.layer = attention(512, 8)
        set_parameters(self.layer.parts())
        self.x, self.dy = data((1, 512, 512), 1, grad=True), data((1, 512, 512), 99)
        self.f, self.y = through(self.layer), None

    def run(self):
        self.x.grad = None
        self.layer.zero_grad(set_to_none=True)
        self.y = self.f(self.x)
        self.y.backward(self.dy)

    def results(self):
        return [self.y, self.x.grad, *self.layer.parts(gradients=True)]


class optimiser_only:
    def __init__(self, through=lambda f: f):
        self.parameters = [torch.nn.Parameter(torch.empty(1_000_000)) for _ in range(10)]
        set_parameters(self.parameters)
        for k, p in enumerate(self.parameters):
            p.grad = data(p.shape, 20 + k)
        self.step = through(adam(self.parameters).step)

    def run(self):
        self.step()

    def results(self):
        return self.parameters


# ---- models with attention -----------------------------------------------------------------------------------------------------

class attention(nn.Module):
    """Causal attention; queries, keys and values come from one product."""

    def __init__(self, features, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(features, 3 * features)
        self.out = nn.Linear(features, features)

    def forward(self, x):
        batch, n, features = x.shape
        q, k, v = (part.view(batch, n, self.heads, features // self.heads).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(batch, n, features))

    def parts(self, gradients=False):
        """The parameters, or their gradients, in Axiograd's order: weight and bias of q, k, v and out."""
        of = [p.grad if gradients else p.detach() for p in (self.qkv.weight, self.qkv.bias, self.out.weight, self.out.bias)]
        return [part for pair in zip(of[0].chunk(3), of[1].chunk(3)) for part in pair] + of[2:]


class transformer_block(nn.Module):
    def __init__(self, features, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(features, eps=1e-6), nn.LayerNorm(features, eps=1e-6)
        self.attention = attention(features, heads)
        self.up, self.down = nn.Linear(features, 4 * features), nn.Linear(4 * features, features)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))

    def parts(self):
        return [*self.norm1.parameters(), *self.attention.parts(), *self.norm2.parameters(), *self.up.parameters(),
                *self.down.parameters()]


class gpt(nn.Module):
    def __init__(self, layers=6, features=384, heads=6, context=256, vocabulary=65):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, features), nn.Embedding(context, features)
        self.blocks = nn.ModuleList(transformer_block(features, heads) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(features, eps=1e-6), nn.Linear(features, vocabulary)
        self.register_buffer("places", torch.arange(context))

    def forward(self, text):
        x = self.tokens(text) + self.positions(self.places)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))

    def parts(self):
        return [self.tokens.weight, self.positions.weight, *(p for block in self.blocks for p in block.parts()),
                *self.norm.parameters(), *self.head.parameters()]


# ---- the workloads -------------------------------------------------------------------------------------------------------------

FUSED = True  # the fastest optimiser; None: the one that PyTorch takes unless it is told


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3, eps=1e-8, fused=FUSED)


def adamw(parameters):
    return torch.optim.AdamW(parameters, lr=1e-3, eps=1e-6, weight_decay=0.01, fused=FUSED)


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1)


def chain(x):
    y = x
    for _ in range(1000):
        y = y + x
    return y


def tiny_mlp():
    return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))


def mlp():
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))


def cnn():
    return nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(64 * 7 * 7, 10))


def convolve(w, b, x):
    return F.conv2d(x, w, b, padding=1)


def convolution_inputs():
    return data((64, 64, 3, 3), 1, 0.05), data((64,), 2), data((8, 64, 56, 56), 3)


def classify(model, x, target):
    return F.cross_entropy(model(x), target)


def loss_of_logits(rows, classes, through):
    target = labels((rows,), 2, classes)
    return forward_and_backward(lambda x: F.cross_entropy(x, target), data((rows, classes), 1, 5), through=through)


def fused(x, a, b):
    return F.gelu(x * a + b, approximate="tanh") * torch.tanh(x)


def fused_inputs():
    return data((1 << 22,), 1, 2), data((1 << 22,), 2), data((1 << 22,), 3)


def softmax(x):
    return torch.softmax(x, -1)


def log_softmax(x):
    return torch.log_softmax(x, -1)


def matmul(n):
    return lambda through: forward_and_backward(torch.matmul, data((n, n), 1), data((n, n), 2), through=through)


def everyday():
    square, image = ((1024, 1024), 1, 4), ((16, 64, 56, 56), 1)
    rows = labels((4096,), 2, 10_000)
    list_of = {
        "o_avg_pool": (lambda x: F.avg_pool2d(x, 2), image),
        "o_max_pool": (lambda x: F.max_pool2d(x, 2), image),
        "o_adaptive_pool": (lambda x: F.adaptive_avg_pool2d(x, 7), image),
        "o_cumsum_0": (lambda x: x.cumsum(0), square),
        "o_cumsum_1": (lambda x: x.cumsum(1), square),
        "o_softmax_0": (lambda x: torch.softmax(x, 0), square),
        "o_logsumexp_0": (lambda x: x.logsumexp(0), square),
        "o_softmax_long": (lambda x: torch.softmax(x, 1), ((4, 1 << 20), 1, 5)),
        "o_logsumexp_long": (lambda x: x.logsumexp(1), ((4, 1 << 20), 1, 5)),
        "o_variance_long": (lambda x: x.var(1), ((4, 1 << 20), 1, 5)),
        "o_mse_all": (F.mse_loss, ((16, 1 << 20), 1), ((16, 1 << 20), 2)),
        "o_bce_all": (F.binary_cross_entropy_with_logits, ((16, 1 << 20), 1), ((16, 1 << 20), 2)),
        "o_reduce_max_1": (lambda x: x.max(1)[0], square),
        "o_variance_1": (lambda x: x.var(1), square),
        "o_transpose": (lambda x: x.t().contiguous(), square),
        "o_gelu_erf": (F.gelu, square),
        "o_group_norm": (lambda x, w, b: F.group_norm(x, 8, w, b), ((16, 64, 28, 28), 1), ((64,), 2), ((64,), 3)),
        "o_rms_norm": (lambda x, w: F.rms_norm(x, (768,), w, 1e-5), ((4096, 768), 1), ((768,), 2)),
        "o_heads": (lambda x: x.permute(0, 2, 1, 3).contiguous(), ((8, 128, 8, 64), 1)),
        "o_concat": (lambda a, b: torch.cat([a, b], 1), ((64, 256, 64), 1), ((64, 256, 64), 2)),
        "o_embedding": (lambda w: F.embedding(rows, w), ((10_000, 256), 1)),
        "o_bmm": (torch.bmm, ((64, 64, 64), 1), ((64, 64, 64), 2)),
        "o_depthwise": (lambda w, b, x: F.conv2d(x, w, b, padding=1, groups=64),
                        ((64, 1, 3, 3), 1), ((64,), 2), ((8, 64, 56, 56), 3)),
        "o_conv_transpose": (lambda w, b, x: F.conv_transpose2d(x, w, b, stride=2, padding=1),
                             ((64, 32, 4, 4), 1, 0.1), ((32,), 2), ((8, 64, 28, 28), 3)),
    }

    def make(f, inputs):
        return lambda through: forward_and_backward(f, *(data(*i) for i in inputs), through=through)

    def masked(through):
        x = data((1024, 1024), 1, 5)
        x = x.masked_fill(torch.ones_like(x).triu(1).bool(), -1e9)
        return forward_and_backward(lambda x: torch.softmax(x, 1), x, through=through)

    def policy(batch):
        def workload(through):
            model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 16))
            set_parameters(model.parameters())
            return forward_only(model, data((batch, 64), 1), through=through)
        return workload

    return {"o_sum_all": lambda through: forward_only(torch.sum, data((16, 1 << 20), 1), through=through),
            "o_softmax_masked": masked,
            **{name: make(f, inputs) for name, (f, *inputs) in list_of.items()},
            **{f"o_policy_{batch}": policy(batch) for batch in (1, 8, 64)}}


# Name -> a function that makes the workload; what `through` makes of functions is what is timed: themselves, or compiled ones.
WORKLOADS = {
    "a_chain": lambda through: forward_and_backward(chain, data((8,), 1), through=through),
    "b_tiny_mlp": lambda through: training_step(tiny_mlp(), lambda model, x, t: F.mse_loss(model(x), t), sgd,
                                                data((4, 2), 1), data((4, 1), 2), through=through),
    "c_mlp": lambda through: training_step(mlp(), classify, adam, data((128, 784), 1), labels((128,), 2, 10), through=through),
    "d_cnn": lambda through: model_gradients(cnn(), classify, data((64, 1, 28, 28), 1), labels((64,), 2, 10), through=through),
    "e_conv_forward": lambda through: forward_only(convolve, *convolution_inputs(), through=through),
    "e_conv_backward": lambda through: backward_only(convolve, *convolution_inputs(), through=through),
    "f_softmax_forward": lambda through: forward_only(softmax, data((1024, 1024), 1, 5), through=through),
    "f_softmax": lambda through: forward_and_backward(softmax, data((1024, 1024), 1, 5), through=through),
    "f_log_softmax": lambda through: forward_and_backward(log_softmax, data((1024, 1024), 1, 5), through=through),
    "f_log_softmax_wide": lambda through: forward_and_backward(log_softmax, data((64, 50257), 1, 5), through=through),
    "f_cross_entropy": lambda through: loss_of_logits(1024, 1024, through),
    "f_cross_entropy_wide": lambda through: loss_of_logits(64, 50257, through),
    "f_layer_norm": lambda through: forward_and_backward(lambda x, w, b: F.layer_norm(x, (768,), w, b, 1e-6),
                                                         data((4096, 768), 1), data((768,), 2), data((768,), 3), through=through),
    "f_gelu": lambda through: forward_only(lambda x: F.gelu(x, approximate="tanh"), data((1 << 24,), 1, 4), through=through),
    "f_sum_axis0": lambda through: forward_only(lambda x: x.sum(0), data((4096, 4096), 1), through=through),
    "f_sum_axis1": lambda through: forward_only(lambda x: x.sum(1), data((4096, 4096), 1), through=through),
    "g_attention": lambda through: attention_block(through=through),
    "g_gpt": lambda through: training_step(gpt(), lambda model, x, t: F.cross_entropy(model(x).flatten(0, 1), t.flatten()), adamw,
                                           labels((4, 256), 1, 65), labels((4, 256), 2, 65), through=through),
    **{f"h_matmul_{n}": matmul(n) for n in (64, 256, 1024, 2048)},
    "i_fused_forward": lambda through: forward_only(fused, *fused_inputs(), through=through),
    "i_fused": lambda through: forward_and_backward(fused, *fused_inputs(), through=through),
    "j_adam": lambda through: optimiser_only(through=through),
    **everyday(),
}

PEERS = {"eager": lambda f: f, "compile": torch.compile, "default": lambda f: f}
WITH_ADAM = ["c_mlp", "g_gpt", "j_adam"]  # these have the peer "default": eager with the optimiser as PyTorch takes it by itself


def made(name, peer):
    global FUSED
    FUSED = None if peer == "default" else True
    return WORKLOADS[name](PEERS[peer])


# ---- timing --------------------------------------------------------------------------------------------------------------------

def seconds(workload, calls):
    run = workload.run
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return time.perf_counter() - start


class timed:
    """A workload ready to be timed: compiled, warm, with a known number of calls to a round."""

    def __init__(self, workload):
        self.workload, self.calls = workload, 1
        seconds(workload, 3)
        last = seconds(workload, 1)
        while last < SECONDS_OF_A_ROUND / 4:
            self.calls *= 2
            last = seconds(workload, self.calls)
        self.calls = max(1, round(self.calls * SECONDS_OF_A_ROUND / last))

    def round(self):
        return seconds(self.workload, self.calls) / self.calls


def after_checked_calls(name, peer):
    workload = made(name, peer)
    for _ in range(CHECKED_CALLS):
        workload.run()
    return workload


def serve():
    loaded, current = None, {}
    for line in sys.stdin:
        request, *arguments = line.split()
        try:
            if request == "version":
                answer = {"version": torch.__version__, "capability": torch.backends.cpu.get_cpu_capability(),
                          "with_adam": WITH_ADAM}
            elif arguments[0] not in WORKLOADS:
                answer = {"error": "PyTorch's side lacks this workload"}
            elif request == "check":
                answer = {"numbers": digest(after_checked_calls(*arguments).results())}
            elif request == "round":
                name, peer = arguments
                if loaded != name:
                    loaded, current = name, {}
                    torch._dynamo.reset()
                if peer not in current:
                    current[peer] = timed(made(name, peer))
                answer = {"seconds": current[peer].round()}
            else:
                answer = {"error": "unknown request"}
        except Exception as e:  # torch.compile may lack a compiler: the driver reports it and goes on
            answer = {"error": f"{type(e).__name__}: {e}".splitlines()[0][:200]}
        print(json.dumps(answer), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--memory", metavar="NAME")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.memory:
        workload = after_checked_calls(arguments.memory, "eager")
        print(json.dumps({"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
    else:
        serve()


if __name__ == "__main__":
    main()
