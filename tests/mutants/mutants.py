#!/usr/bin/env python3
"""Plants faults in the operators' texts and looks whether the conformance suite sees them (rung 9).

    tests/mutants/mutants.py [--count N] [--seed S] [--jobs J] [operator ...]

Faults: a sign, an operation, a constant, an index, a bound, a swapped branch, min for max, sum for mean, a lost factor or term, a
cotangent of the wrong sign. Comments, schemas, attributes and test cases are left alone. Faulty copies of one operator are compiled
together, each in a namespace of its own, with the checks of build/release (built before). Each must turn a check red, throw, crash,
or run for two minutes; if it does not, a test against values from elsewhere must fail. What does not compile is no fault. Prints
the survivors; exit code 1 if more than one in a hundred survives that tests/mutants/survivors.txt does not explain.

Verdicts are kept in build/mutants.json as they come, and faults that have one already are not tried again; --fresh begins anew."""
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
import time

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
    """Line numbers that hold mathematics: the body of the operator without schema, attributes and test cases."""
    lines, inside, depth = text.split("\n"), False, 0
    keep, skipping = [], None
    for n, line in enumerate(lines):
        if re.match(r"struct \w+_op\b", line):
            inside = True
        if line.startswith("AXG_OPERATOR"):
            break
        if not inside or line.lstrip().startswith("//"):
            continue
        if skipping is None and re.search(r"op_info info|attributes\(\)|auto test_case\(|op_facts|test_points\[\]|using kind|runs_on|template <|requires|arity in|input_set|ranks\{", line):
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
            for m in re.finditer(pattern, lines[n].split("  // ")[0]):
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
            return [*words[: words.index("-o")], "-w"]
    sys.exit("mutants: build/release has no conformance suite; run ./dev test first")


LIBRARIES = ["-Wl,--start-group", str(BUILD / "tests/conformance/libaxiograd_checks.a"),
             *[str(BUILD / f"libaxiograd_{p}.a") for p in ("train", "nn", "io", "autograd", "runtime", "kernels", "exact", "core")],
             "-Wl,--end-group", "-lflint-arb", "-lflint", "-lmpfr", "-lgmpxx", "-lgmp", "-ldnnl", "-lgomp", "-lpng", "-lz",
             "-lfmt", "-lpthread"]
# Programs whose tests compare values with closed forms and the contract's numbers, and edges with what libraries got wrong.
ANCHORS = {"anchors": "test_ops.dir", "the bug zoo": "test_tests_zoo.dir"}

# The library's tables of the operator, in place of its own unit's, show the copy that the environment names.
UNIT = """
#include "subject_unit.hpp"
#include <cstdlib>
{includes}
namespace axiograd {{ struct {op}; }}
{copies}
#line 1 "unit.cpp"
namespace axiograd {{
static int current() {{ static const int n = std::atoi(std::getenv("AXG_MUTANT")); return n; }}
template <class T> static const operator_table<T>& table() {{
  switch (current()) {{
{float_cases}
  }}
  std::abort();
}}
template <> const operator_table<float>& library<{op}, float>::table() {{ return axiograd::table<float>(); }}
template <> const operator_table<double>& library<{op}, double>::table() {{ return axiograd::table<double>(); }}
namespace conformance {{
subject mutant_subject(int number) {{
  switch (number) {{
{subject_cases}
  }}
  std::abort();
}}
}}
}}
"""


def unit_of(group):
    """The text of a unit that holds the faulty copies."""
    op = pathlib.Path(group[0]["header"]).stem + "_op"
    text = group[0]["text"]
    includes = "\n".join(line for line in text.split("\n") if line.startswith("#include"))
    copies, tables, subjects = [], [], []
    for m in group:
        body = m["text"][m["text"].index("namespace axiograd {") + len("namespace axiograd {"): m["text"].rindex("}  // namespace axiograd")]
        body = body.replace("AXG_OPERATOR(", "AXG_CALLABLE(")
        copies.append(f'namespace axiograd::mutant_{m["number"]} {{\n#line 1 "mutant_{m["number"]}"\n{body}\n}}')
        tables.append(f'    case {m["number"]}: return kernels_of<mutant_{m["number"]}::{op}, T>;')
        subjects.append(f'    case {m["number"]}: return make_subject<mutant_{m["number"]}::{op}>();')
    return UNIT.format(includes=includes, op=op, copies="\n".join(copies), float_cases="\n".join(tables), subject_cases="\n".join(subjects))


def guilty(messages):
    """The copies that the compiler's errors are about: by the place of an error, or by what is being instantiated there."""
    found, context = set(), set()
    for line in messages.split("\n"):
        numbers = {int(n) for n in re.findall(r"mutant_(\d+)", line)}
        if " error: " in line or " fatal error: " in line:
            place = {int(n) for n in re.findall(r"mutant_(\d+)", line.split(" error: ")[0])}
            found |= place or context or numbers
        elif re.search(r": (In|At) |required (from|by)|  from ", line):
            context = numbers if re.search(r": (In|At) ", line) else context | numbers
    return found


def compile_group(folder, group, command):
    """Compiles the copies that can be compiled; the object and those copies."""
    left = list(group)
    while left:
        (folder / "unit.cpp").write_text(unit_of(left))
        done = subprocess.run([*command, "-fmax-errors=0", "-c", str(folder / "unit.cpp"), "-o", str(folder / "unit.o")],
                              capture_output=True, text=True, cwd=BUILD)
        if done.returncode == 0:
            return folder / "unit.o", left
        bad = guilty(done.stderr) & {m["number"] for m in left}
        if not bad:
            sys.exit("mutants: a unit does not compile, and no copy is to blame:\n" + done.stderr[:3000])
        for m in left:
            if m["number"] in bad:
                m["verdict"] = "does not compile"
        left = [m for m in left if m["number"] not in bad]
    return None, []


def link(program, objects, extra=()):
    done = subprocess.run(["g++", *map(str, objects), "-o", str(program), "-Wl,--allow-multiple-definition", *LIBRARIES, *extra],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("mutants: " + done.stderr[-2000:])


def verdict_of(program, number, what):
    """None when the program is content."""
    try:
        ran = subprocess.run([program, *([] if what else [str(number)])], capture_output=True, text=True, timeout=120,
                             env={**os.environ, "AXG_MUTANT": str(number)})
    except subprocess.TimeoutExpired:
        return "caught by a timeout"
    if ran.returncode == 0:
        return None
    return "caught by " + ((what or ran.stdout.strip()) if ran.returncode == 1 else "a crash")


def judge(group, command, main_object):
    """Sets the verdict of each fault of one operator's group; seconds of compiling, linking, running."""
    seconds, start = {}, time.time()

    def note(what):
        nonlocal start
        seconds[what] = seconds.get(what, 0) + time.time() - start
        start = time.time()

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        unit, compiled = compile_group(folder, group, command)
        note("compile")
        if not compiled:
            return seconds
        link(folder / "mutant", [main_object, unit])
        note("link")
        for m in compiled:
            m["verdict"] = verdict_of(folder / "mutant", m["number"], "")
        note("run")
        quiet = [m for m in compiled if m["verdict"] is None]
        for what, target in ANCHORS.items() if quiet else []:
            link(folder / what, [unit, *(BUILD / "CMakeFiles" / target).rglob("*.o")], ["-lgtest_main", "-lgtest"])
            for m in quiet:
                m["verdict"] = m["verdict"] or verdict_of(folder / what, m["number"], what)
        for m in quiet:
            m["verdict"] = m["verdict"] or "survived"
        note("anchors")
    return seconds


def key(m):
    return (m["header"], m["line"], m["was"], m["now"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("operators", nargs="*")
    parser.add_argument("--count", type=int, default=0, help="so many faults, drawn at random; 0: all")
    parser.add_argument("--seed", type=int, default=20240501)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--group", type=int, default=16, help="so many faults in one unit")
    parser.add_argument("--fresh", action="store_true", help="forget earlier verdicts")
    parser.add_argument("--out", default=str(ROOT / "build/mutants.json"))
    a = parser.parse_args()
    headers = sorted(h for h in (ROOT / "axiograd/ops").glob("*/*.hpp") if not h.name.endswith(".cpu.hpp"))
    if a.operators:
        headers = [h for h in headers if h.stem in a.operators]
    all_mutants = [m for h in headers for m in mutants_of(h)]
    if a.count:
        random.Random(a.seed).shuffle(all_mutants)
        all_mutants = sorted(all_mutants[: a.count], key=lambda m: (m["header"], m["line"]))
    out = pathlib.Path(a.out)
    before = {key(m): m for m in json.loads(out.read_text())} if out.exists() and not a.fresh else {}
    groups = []
    for number, m in enumerate(all_mutants):
        m["number"] = number
        m["verdict"] = before.get(key(m), {}).get("verdict")
        if m["verdict"] is None:
            if not groups or groups[-1][0]["header"] != m["header"] or len(groups[-1]) >= a.group:
                groups.append([])
            groups[-1].append(m)
    print(f"{len(all_mutants)} faults in {len(headers)} operators, {sum(map(len, groups))} to try in {len(groups)} units", flush=True)
    command = compile_command()
    totals, tried = {}, 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        main_object = f"{folder}/main.o"
        if subprocess.run([*command, "-c", str(ROOT / "tests/mutants/mutant_main.cpp"), "-o", main_object], cwd=BUILD).returncode != 0:
            sys.exit("mutants: mutant_main.cpp does not compile")
        for group, seconds in zip(groups, pool.map(lambda g: judge(g, command, main_object), groups)):
            tried += len(group)
            for what, s in seconds.items():
                totals[what] = totals.get(what, 0) + s
            for m in group:
                if m["verdict"] == "survived":
                    print(f"survived: {m['header']}:{m['line']}: {m['what']}\n  was {m['was']}\n  now {m['now']}", flush=True)
            before.update((key(m), {k: v for k, v in m.items() if k not in ("text", "number")}) for m in group)
            out.write_text(json.dumps(list(before.values()), indent=1))
            print(f"{tried} tried, {pathlib.Path(group[0]['header']).stem}", flush=True)
    compiled = [m for m in all_mutants if m["verdict"] != "does not compile"]
    explained = set((ROOT / "tests/mutants/survivors.txt").read_text().split("\n"))
    survivors = [m for m in compiled if m["verdict"] == "survived"]
    open_ones = [m for m in survivors if f"{pathlib.Path(m['header']).stem}: {m['now']}" not in explained]
    print(f"{len(compiled)} faults compile; {len(compiled) - len(survivors)} are caught, {len(survivors)} survive, {len(open_ones)} of them unexplained")
    print("seconds: " + ", ".join(f"{what} {s:.0f}" for what, s in totals.items()))
    sys.exit(1 if len(open_ones) > 0.01 * len(compiled) else 0)


main()
