#!/usr/bin/env python3
"""Plants faults in the operators' texts and looks whether the conformance suite sees them (rung 9).

    tests/mutants/mutants.py [--count N] [--seed S] [--jobs J] [operator ...]

Faults: a sign, an operation, a constant, an index, a bound, a swapped branch, min for max, sum for mean, a lost factor or term, a
cotangent of the wrong sign. Comments, cards, attributes and samples are left alone. Each fault is compiled by itself with every check
of build/release (built before) and must turn one red, throw, or crash; if none, a test against values from elsewhere must fail. A fault that does not compile is no fault. Prints the survivors;
exit code 1 if more than one in a hundred survives that tests/mutants/survivors.txt does not explain."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/release"

FAULTS = [  # what, pattern, replacement
    ("sign", r" \+ ", " - "), ("sign", r" - ", " + "), ("sign", r"return -", "return "), ("operation", r" \* ", " + "),
    ("operation", r" / ", " * "), ("constant", r"T\(1\)", "T(2)"), ("constant", r"T\(1\)", "T(0)"), ("constant", r"T\(2\)", "T(3)"),
    ("constant", r"T\(0\)", "T(1)"), ("index", r"\[0\]", "[1]"), ("index", r"\[1\]", "[0]"), ("bound", r" < ", " <= "),
    ("bound", r" <= ", " < "), ("bound", r"= 0;", "= 1;"), ("bound", r" \+ 1\b", ""), ("bound", r" - 1\b", ""),
    ("branch", r" > ", " < "), ("branch", r" < ", " > "), ("branch", r"&&", "||"), ("branch", r"\|\|", "&&"), ("extreme", r"\bmax\(", "min("),
    ("extreme", r"\bmin\(", "max("), ("reduction", r"\bmean\(", "sum("), ("function", r"\bexp\(", "expm1("), ("function", r"\bcos\(", "sin("),
    ("function", r"\bsin\(", "cos("), ("cotangent", r"\bdy\b(?!\.)", "(-dy)"), ("cotangent", r"dy\.data\[([^\]]+)\]", r"(dy.data[\1] + dy.data[\1])"),
    ("term", r" \+ [a-z_]+\b(?![\(\.\[])", ""), ("factor", r" \* [a-z_]+\b(?![\(\.\[])", ""), ("equality", r" == ", " != "), ("equality", r" != ", " == "),
    ("axis", r"\baxis\b(?= \+ 1)", "axis + 1"), ("step", r"\.stride\(", ".first("), ("count", r"\.size\(\)", ".size() + 1")]


def code_lines(text):
    """Line numbers that hold mathematics: the body of the operator without card, attributes and samples."""
    lines, inside, depth = text.split("\n"), False, 0
    keep, skipping = [], None
    for n, line in enumerate(lines):
        if re.match(r"struct \w+_op\b", line):
            inside = True
        if line.startswith("AXG_OPERATOR"):
            break
        if not inside or line.lstrip().startswith("//"):
            continue
        if skipping is None and re.search(r"op_info info|attributes\(\)|auto sample\(|op_facts|samples\[\]|runs_on|template <|requires|arity in|input_set|ranks\{", line):
            skipping = 0
        if skipping is not None:
            skipping += line.count("{") - line.count("}") + (0 if not line.rstrip().endswith(("(", ",")) else 0)
            if skipping <= 0 and line.rstrip().endswith((";", "}", ">", ")")):
                skipping = None
            continue
        # Texts of errors, the domain of a declared bound, defaults of attributes (callers are compiled with the right ones).
        if "return {error_kind" in line or "_op> " in line or "bounded_at" in line or re.match(r"  [\w:<>]+ \w+ = [^()]*;", line):
            continue
        keep.append(n)
    return keep


def mutants_of(header):
    text = header.read_text()
    lines = text.split("\n")
    found = []
    for n in code_lines(text):
        for what, pattern, replacement in FAULTS:
            for m in re.finditer(pattern, lines[n]):
                # Formulas only: not inside a template's angle brackets or a lambda's signature.
                if pattern in (r" < ", r" > ") and "template" in lines[n]:
                    continue
                changed = lines[n][: m.start()] + m.expand(replacement) + lines[n][m.end():]
                found.append((what, n, changed))
    return [{"header": str(header.relative_to(ROOT)), "what": w, "line": n + 1, "was": lines[n].strip(), "now": c.strip(),
             "text": "\n".join(lines[:n] + [c] + lines[n + 1:])} for w, n, c in found if c != lines[n]]


def compile_command():
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if entry["file"].endswith("/subjects/softmax.cpp"):
            words = shlex.split(entry["command"])
            words = [w for w in words if not w.endswith("ccache")]
            return words[: words.index("-o")]
    sys.exit("mutants: build/release has no conformance suite; run ./dev test first")


LIBRARIES = ["-Wl,--start-group", str(BUILD / "tests/conformance/libaxiograd_checks.a"),
             *[str(BUILD / f"libaxiograd_{p}.a") for p in ("train", "nn", "io", "autograd", "runtime", "kernels", "exact", "core")],
             "-Wl,--end-group", "-lflint-arb", "-lflint", "-lmpfr", "-lgmpxx", "-lgmp", "-ldnnl", "-lgomp", "-lpng", "-lz",
             "-lfmt", "-lpthread"]
# The program whose tests compare values with closed forms and the contract's numbers.
ANCHORS = {"anchors": "test_ops.dir"}


def build(folder, mutant, command, source, flags):
    """Compiles `source` with the mutant's header; the object's path, or None."""
    name, unit = pathlib.Path(mutant["header"]).stem, f"{folder}/{source}.o"
    done = subprocess.run([command[0], f"-I{folder}", *command[1:], *flags, f"-DAXG_MUTANT=axiograd::{name}_op",
                           f'-DAXG_MUTANT_HEADER=<{mutant["header"]}>', "-w", "-Wno-error", "-c",
                           str(ROOT / "tests/mutants" / source), "-o", unit], capture_output=True, text=True, cwd=BUILD)
    return unit if done.returncode == 0 else None


def link(program, objects, extra=()):
    done = subprocess.run(["g++", *objects, "-o", program, "-Wl,--allow-multiple-definition", *LIBRARIES, *extra],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("mutants: " + done.stderr[-2000:])


def verdict_of(program, what):
    """None when the program is content."""
    try:
        ran = subprocess.run([program], capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        return "caught by a timeout"
    if ran.returncode == 0:
        return None
    return "caught by " + ((what or ran.stdout.strip()) if ran.returncode == 1 else "a crash")


def judge(mutant, command):
    with tempfile.TemporaryDirectory() as folder:
        there = pathlib.Path(folder) / mutant["header"]
        there.parent.mkdir(parents=True)
        there.write_text(mutant["text"])
        unit = build(folder, mutant, command, "mutant_main.cpp", [])
        if unit is None:
            return "does not compile"
        library = build(folder, mutant, command, "mutant_library.cpp", [])
        link(f"{folder}/mutant", [unit, library])
        verdict = verdict_of(f"{folder}/mutant", "")
        if verdict is None:
            for what, target in ANCHORS.items():
                objects = [str(o) for o in (BUILD / "CMakeFiles" / target).rglob("*.o")]
                link(f"{folder}/{what}", [library, *objects], ["-lgtest_main", "-lgtest"])
                verdict = verdict or verdict_of(f"{folder}/{what}", what)
        return verdict or "survived"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("operators", nargs="*")
    parser.add_argument("--count", type=int, default=0, help="so many faults, drawn at random; 0: all")
    parser.add_argument("--seed", type=int, default=20240501)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--out", default=str(ROOT / "build/mutants.json"))
    a = parser.parse_args()
    headers = sorted(h for h in (ROOT / "axiograd/ops").glob("*/*.hpp") if not h.name.endswith(".cpu.hpp"))
    if a.operators:
        headers = [h for h in headers if h.stem in a.operators]
    all_mutants = [m for h in headers for m in mutants_of(h)]
    random.Random(a.seed).shuffle(all_mutants)
    if a.count:
        all_mutants = all_mutants[: a.count]
    print(f"{len(all_mutants)} faults in {len(headers)} operators, seed {a.seed}", flush=True)
    command = compile_command()
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        for done, (mutant, verdict) in enumerate(zip(all_mutants, pool.map(lambda m: judge(m, command), all_mutants)), 1):
            mutant["verdict"] = verdict
            del mutant["text"]
            if verdict == "survived":
                print(f"survived: {mutant['header']}:{mutant['line']}: {mutant['what']}\n  was {mutant['was']}\n  now {mutant['now']}", flush=True)
            if done % 50 == 0:
                print(f"{done} of {len(all_mutants)}", flush=True)
    pathlib.Path(a.out).write_text(json.dumps(all_mutants, indent=1))
    compiled = [m for m in all_mutants if m["verdict"] != "does not compile"]
    explained = set((ROOT / "tests/mutants/survivors.txt").read_text().split("\n"))
    survivors = [m for m in compiled if m["verdict"] == "survived"]
    open_ones = [m for m in survivors if f"{pathlib.Path(m['header']).stem}: {m['now']}" not in explained]
    print(f"{len(compiled)} faults compile; {len(compiled) - len(survivors)} are caught, {len(survivors)} survive, {len(open_ones)} of them unexplained")
    sys.exit(1 if len(open_ones) > 0.01 * len(compiled) else 0)


main()
