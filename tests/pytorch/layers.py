#!/usr/bin/env python3
"""PyTorch modules, each with a twin in twins.cpp: their weights go both ways.

    layers.py write FILE        writes layers.safetensors, for tests where PyTorch is not installed
    layers.py check PROGRAM     draws new weights, lets the program load and save them, and loads what it saved, strictly

A file has for each case CASE: CASE/state/NAME, a state dict; CASE/input, CASE/context, what goes in; CASE/output, what comes out;
for cases in training also CASE/after/NAME, the state dict after it.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file, save_file
from torch import nn


class Chain(nn.Sequential):
    """Modules one after another; of those that give several results the first counts."""

    def forward(self, x, context=None):
        for module in self:
            if isinstance(module, nn.MultiheadAttention):
                keys = x if context is None else context
                mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1]) if getattr(module, "causal", False) else None
                x = module(x, keys, keys, need_weights=False, attn_mask=mask)
            else:
                x = module(x)
            x = x[0] if isinstance(x, tuple) else x
        return x


def attention(causal=False, heads=2, **more):
    module = nn.MultiheadAttention(8, heads, batch_first=True, **more)
    module.causal = causal
    return module


def convnet():
    return [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.GELU(), nn.Dropout(0.3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3)]


IMAGE, SMALL = (2, 1, 6, 6), 0.01  # inputs so small that an epsilon shows
# name: modules, shape of the input, and for some: its scale, a context's shape, the dtype of the state dict
CASES = {
    "linear": ([lambda: nn.Linear(5, 3)], (2, 5)),
    "conv2d": ([lambda: nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), groups=2)], (2, 4, 5, 4)),
    "linear_no_bias": ([lambda: nn.Linear(5, 3, bias=False)], (2, 5)),
    "conv2d_no_bias": ([lambda: nn.Conv2d(2, 3, 3, bias=False)], (2, 2, 4, 4)),
    "layer_norm": ([lambda: nn.LayerNorm(6)], (4, 6), {"scale": SMALL}),
    "layer_norm_epsilon": ([lambda: nn.LayerNorm(6, eps=1e-3)], (4, 6), {"scale": SMALL}),
    "rms_norm": ([lambda: nn.RMSNorm(6)], (4, 6), {"scale": SMALL / 10}),
    "rms_norm_epsilon": ([lambda: nn.RMSNorm(6, eps=1e-3)], (4, 6), {"scale": SMALL}),
    "group_norm": ([lambda: nn.GroupNorm(2, 6)], (2, 6, 4), {"scale": SMALL}),
    "instance_norm": ([lambda: nn.InstanceNorm2d(3)], (2, 3, 3, 3), {"scale": SMALL}),
    "instance_norm_affine": ([lambda: nn.InstanceNorm2d(3, affine=True)], (2, 3, 3, 3), {"scale": SMALL}),
    "batch_norm": ([lambda: nn.BatchNorm2d(3)], (2, 3, 3, 3)),
    "batch_norm_train": ([lambda: nn.BatchNorm2d(3)], (2, 3, 3, 3), {"scale": SMALL}),
    "batch_norm_momentum_train": ([lambda: nn.BatchNorm1d(3, eps=1e-3, momentum=0.25)], (4, 3, 2), {"scale": SMALL}),
    "dropout": ([lambda: nn.Dropout(0.5)], (3, 4)),
    "relu": ([nn.ReLU], (3, 4)),
    "gelu": ([nn.GELU], (8, 8)),
    "gelu_tanh": ([lambda: nn.GELU(approximate="tanh")], (8, 8)),
    "silu": ([nn.SiLU], (3, 4)),
    "sigmoid": ([nn.Sigmoid], (3, 4)),
    "softplus": ([nn.Softplus], (3, 4)),
    "tanh": ([nn.Tanh], (3, 4)),
    "elu": ([nn.ELU], (3, 4)),
    "leaky_relu": ([nn.LeakyReLU], (3, 4)),
    "max_pool2d": ([lambda: nn.MaxPool2d(2)], (2, 2, 4, 6)),
    "avg_pool2d": ([lambda: nn.AvgPool2d(2)], (2, 2, 4, 6)),
    "adaptive_avg_pool": ([lambda: nn.AdaptiveAvgPool2d((3, 2))], (2, 2, 5, 6)),
    "adaptive_max_pool": ([lambda: nn.AdaptiveMaxPool2d((3, 2))], (2, 2, 5, 6)),
    "flatten": ([nn.Flatten], (2, 3, 2)),
    "embedding": ([lambda: nn.Embedding(7, 4)], (2, 5), {"below": 7}),
    "rnn": ([lambda: nn.RNN(3, 4)], (5, 2, 3)),
    "gru": ([lambda: nn.GRU(3, 4)], (5, 2, 3)),
    "lstm": ([lambda: nn.LSTM(3, 4)], (5, 2, 3)),
    "attention": ([attention], (2, 5, 8)),
    "attention_causal": ([lambda: attention(causal=True, heads=4)], (2, 5, 8)),
    "attention_context": ([lambda: attention(kdim=6, vdim=6)], (2, 5, 8), {"context": (2, 3, 6)}),
    "encoder": ([lambda: nn.TransformerEncoderLayer(8, 2, 16, activation="gelu", batch_first=True)], (2, 5, 8)),
    "convnet": (convnet, IMAGE),
    "convnet_f16": (convnet, IMAGE, {"dtype": torch.float16}),
    "convnet_bf16": (convnet, IMAGE, {"dtype": torch.bfloat16}),
    "convnet_f64": (convnet, IMAGE, {"dtype": torch.float64}),
    "convnet_all_f16": (convnet, IMAGE, {"dtype": torch.float16, "counts_too": True}),
}


def module_of(name):
    modules = CASES[name][0]
    chain = Chain(*(modules() if callable(modules) else [make() for make in modules]))
    return chain.train(name.endswith("_train"))


def options_of(name):
    return CASES[name][2] if len(CASES[name]) > 2 else {}


def randomise(module):
    """New values for everything in the state dict, so that nothing is tested at ones and zeros only."""
    with torch.no_grad():
        for name, values in module.state_dict().items():
            if not values.is_floating_point():
                values.fill_(int(torch.randint(1, 1000, ())))
            elif name.endswith("running_var"):
                values.uniform_(0.5, 2)
            else:
                values.normal_(0, 0.5)


def compute(module, tensors, name):
    with torch.no_grad():
        inputs = [tensors[f"{name}/{key}"] for key in ("input", "context") if f"{name}/{key}" in tensors]
        return module(*inputs).clone().contiguous()


def draw(name):
    options, module = options_of(name), module_of(name)
    randomise(module)
    dtype = options.get("dtype", torch.float32)
    stored = {key: values.to(dtype) if values.is_floating_point() or options.get("counts_too") else values
              for key, values in module.state_dict().items()}
    module.load_state_dict(stored)  # the twin computes with floats, from what the file has
    tensors = {f"{name}/state/{key}": values.clone() for key, values in stored.items()}
    shape = CASES[name][1]
    tensors[f"{name}/input"] = (torch.randint(0, options["below"], shape) if "below" in options
                                else torch.randn(shape) * options.get("scale", 1))
    if "context" in options:
        tensors[f"{name}/context"] = torch.randn(options["context"])
    tensors[f"{name}/output"] = compute(module, tensors, name)
    if name.endswith("_train"):
        tensors |= {f"{name}/after/{key}": values.clone() for key, values in module.state_dict().items()}
    return tensors


def write(path, seed):
    torch.manual_seed(seed)
    tensors = {}
    for name in CASES:
        tensors |= draw(name)
    save_file(tensors, path)


def part_of(tensors, start):
    return {key[len(start):]: values for key, values in tensors.items() if key.startswith(start)}


class Checks:
    def __init__(self):
        self.done, self.failed = 0, 0

    def expect(self, fine, text):
        self.done += 1
        if not fine:
            self.failed += 1
            print(f"FAILED: {text}")

    def close(self, ours, theirs, text):
        largest = max(1.0, float(theirs.abs().max()))
        far = float((ours - theirs).abs().max()) if ours.shape == theirs.shape else float("inf")
        self.expect(far <= 1e-5 * largest, f"{text}: {far:.3g} away, of {largest:.3g}")

    def strict(self, module, state, text):
        """What our program saved, as PyTorch loads it."""
        try:
            module.load_state_dict(state, strict=True)
        except RuntimeError as problem:
            self.expect(False, f"{text}: {problem}")
            return False
        expected = {key: (values.dtype, values.shape) for key, values in module.state_dict().items()}
        self.expect({key: (values.dtype, values.shape) for key, values in state.items()} == expected, f"{text}: dtypes or shapes")
        return True


def check_case(checks, name, given, ours):
    loaded = module_of(name)
    state, start = part_of(ours, f"{name}/state/"), part_of(given, f"{name}/after/") or part_of(given, f"{name}/state/")
    if checks.strict(loaded, state, f"{name}, loaded and saved"):
        for key, values in start.items():
            if name.endswith("_train") and values.is_floating_point():
                checks.close(state[key], values, f"{name}: {key} after training")
            else:
                checks.expect(torch.equal(state[key], values.to(state[key].dtype)), f"{name}: {key} changed on its way")
    checks.close(ours[f"{name}/output"], given[f"{name}/output"], f"{name}: output")
    fresh = module_of(name)
    if checks.strict(fresh, part_of(ours, f"{name}/fresh/"), f"{name}, initialised and saved"):
        checks.close(ours[f"{name}/fresh_output"], compute(fresh, given, name), f"{name}: output of our initial values")


def check(program, seeds):
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        there, back = os.path.join(folder, "there.safetensors"), os.path.join(folder, "back.safetensors")
        for seed in seeds:
            write(there, seed)
            subprocess.run([program, there, back], check=True)
            given, ours = load_file(there), load_file(back)
            for name in CASES:
                check_case(checks, name, given, ours)
    print(f"PyTorch {torch.__version__}: {len(CASES)} modules, {checks.done} checks, {checks.failed} failed (seeds {seeds})")
    return checks.failed == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["write", "check"])
    parser.add_argument("path")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    a = parser.parse_args()
    if a.what == "write":
        write(a.path, a.seeds[0])
    elif not check(a.path, a.seeds):
        sys.exit(1)


main()
