#!/usr/bin/env python3
"""Plants faults in everything but the operators' texts and looks whether a test sees them (rung 9).

    tests/mutants/engine.py [--count N] [--seed S] [--jobs J] [--only TEXT] [--fresh] [--write]

Faults: a statement left out, a condition always or never true, a dropped term, factor or flag, a member that a constructor forgets, another
comparison or operation, another constant, min for max. All are compiled in, behind one switch (instrumented.py); first every test runs
once and notes which faults control comes by, then each fault is switched on and the tests that reach it run, short ones first, until
one fails, crashes or takes ten times its time. A test that then fails without the fault as well does not count.

Prints the survivors; exit code 1 if fewer than 95 in a hundred are caught, those aside of which engine_survivors.txt says that they are
none: nothing that is promised changes. What no test reaches survives. Verdicts are kept in build/mutants/verdicts.json as they come, and faults that have one are not tried again unless they are
drawn (--count) or --fresh is given; --write puts all of them into engine_faults.txt."""
import argparse
import json
import os
import pathlib
import random
import re
import resource
import signal
import subprocess
import sys
import time

import instrumented
from instrumented import HOME, ROOT

HERE = pathlib.Path(__file__).parent
LIST, SURVIVORS = HERE / "engine_faults.txt", HERE / "engine_survivors.txt"
# Whether these pass depends on how busy the machine is.
TIMED = re.compile(r"small_tasks_stay_on_their_thread|parallelism_survives|busy")
SHORT, BATCH = 0.3, 10  # seconds of a short test, and of a batch of long ones in one run
FEW = 12  # tests of a first look
THRESHOLD = 0.05


def limits(seconds):
    resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))  # a fault may ask for any amount
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))


def worked(pid):
    """What a process and its children have used of the processor, in ticks; 0 if it has gone."""
    try:
        return sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:15]))
    except OSError:
        return 0


def finish(started, seconds):
    """Its exit code, or "timeout" after so many seconds or when it has not worked for 20, and the processor's seconds."""
    begin = moved = time.time()
    before, pause = -1, 0.01
    while True:
        pid, status, used = os.wait4(started.pid, os.WNOHANG)
        if pid:
            started.returncode = os.waitstatus_to_exitcode(status)
            timed_out = started.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
            return "timeout" if timed_out else started.returncode, used.ru_utime + used.ru_stime
        now = worked(started.pid)
        if now != before:
            before, moved = now, time.time()
        if time.time() > begin + seconds or time.time() > moved + 20:
            started.kill()
        time.sleep(pause)
        pause = min(0.2, 1.5 * pause)


def run(program, tests, seconds, **environment):
    """What became of the tests: None if all passed, else what failed; the name of the test; the processor's seconds. They may take ten times
    the seconds of the processor, and much longer where others use it; a test that waits for ever takes none."""
    (HOME / "scratch").mkdir(exist_ok=True)
    command = [str(program), "--gtest_filter=" + ":".join(tests), "--gtest_fail_fast", "--gtest_brief=0", "--gtest_color=no"]
    log = HOME / "scratch/output.txt"
    allowed = int(4 + 10 * seconds)
    with open(log, "w+b") as out:
        started = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=HOME / "scratch", preexec_fn=lambda: limits(allowed),
                                   start_new_session=True, env={**os.environ, "MALLOC_PERTURB_": "165", **environment})
        code, used = finish(started, 60 + 4 * allowed)
        try:  # and what it has started
            os.killpg(started.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        out.seek(max(0, out.seek(0, 2) - 200_000))
        said = out.read().decode(errors="replace")
    if code == 0:
        return None, "", used
    begun = re.findall(r"\[ RUN      \] (.*)", said)
    failed = re.findall(r"\[  FAILED  \] (\S+?)(?:,| \(|$)", said, re.M)
    name = failed[0] if failed and code == 1 else begun[-1].strip() if begun else "the beginning"
    return ("a timeout" if code == "timeout" else "a failure" if code == 1 else "a crash"), name, used


def tests_of(program):
    listed = subprocess.run([program, "--gtest_list_tests"], capture_output=True, text=True, check=True, cwd=HOME).stdout
    names, suite = [], ""
    for line in listed.split("\n"):
        line = line.split("#")[0].rstrip()
        if line.endswith(".") and not line.startswith(" "):
            suite = line
        elif line.startswith("  "):
            names.append(suite + line.strip())
    return [n for n in names if wanted(program.name, *n.split(".", 1))]


def wanted(program, suite, test):
    """Of the conformance suite what runs on operators that have the faults under them."""
    if program != "conformance":
        return not TIMED.search(test)
    return suite == "torch" or (suite == "programs" and not test.startswith("see")) or (
        suite not in ("schema", "planted_faults") and test in instrumented.OPERATORS)


def note_reached(programs, faults, earlier):
    """For each test of each program: its seconds and the numbers of the faults that it reaches."""
    places = max(f.number for f in faults) + 1
    marks = HOME / "scratch/reached.bin"
    (HOME / "scratch").mkdir(exist_ok=True)
    noted = {}
    for name, program in programs.items():
        stamp = program.stat().st_mtime
        if earlier.get(name, {}).get("stamp") == stamp:
            noted[name] = earlier[name]
            continue
        tests, start = {}, time.time()
        for test in tests_of(program):
            marks.write_bytes(bytes(places))
            failure, _, used = run(program, [test], 90, AXIOGRAD_FAULTS_REACHED=str(marks))
            if failure:
                print(f"not used, {failure} without a fault: {name} {test}", flush=True)
                continue
            tests[test] = [round(used, 3), [n for n, there in enumerate(marks.read_bytes()) if there]]
        noted[name] = {"stamp": stamp, "tests": tests}
        (HOME / "reached.json").write_text(json.dumps({**earlier, **noted}))
        print(f"{name}: {len(tests)} tests in {time.time() - start:.0f} s", flush=True)
    return noted


def nearness(path, program):
    """Programs beside the source first."""
    folder = path.split("/")[1]
    return 0 if program == f"test_{folder}" else 2 if program == "conformance" else 1


def plan(fault, noted):
    """Runs that may see the fault: (program, tests, seconds). First a few short tests of each program, then its other short ones, then the
    long ones; of each the programs beside the source first."""
    runs = []
    for name, facts in noted.items():
        reaching = sorted((seconds, test) for test, (seconds, numbers) in facts["tests"].items() if fault.number in numbers)
        short = [r for r in reaching if r[0] < SHORT]
        batches = [(0, short[:FEW]), (1, short[FEW:])]
        for one in reaching[len(short):]:
            if batches[-1][0] < 2 or sum(s for s, _ in batches[-1][1]) > BATCH:
                batches.append((2, []))
            batches[-1][1].append(one)
        runs += [(when, nearness(fault.path, name), sum(s for s, _ in batch), name, [t for _, t in batch]) for when, batch in batches if batch]
    return [(name, tests, seconds) for _, _, seconds, name, tests in sorted(runs)]


def judge(fault, programs, noted, unreliable, budget):
    runs = plan(fault, noted)
    if budget:  # a first look
        spent = [sum(seconds for _, _, seconds in runs[:k]) for k in range(len(runs))]
        runs = [r for r, before in zip(runs, spent) if before < budget]
    if not runs:
        return "survived: not reached"
    while runs:
        name, tests, seconds = runs.pop(0)
        tests = [t for t in tests if (name, t) not in unreliable]
        while tests:
            failure, test, _ = run(programs[name], tests, seconds, AXIOGRAD_FAULT=str(fault.number))
            if failure is None:
                break
            if test in tests and run(programs[name], [test], seconds)[0] is not None:
                print(f"not used any more, fails without a fault: {name} {test}", flush=True)
                unreliable.add((name, test))
                tests.remove(test)
                continue
            return f"caught by {'' if failure == 'a failure' else failure + ' in '}{name} {test}"
    return "survived"


def line_of(fault, verdict):
    number = f" (#{fault.ordinal + 1})" if fault.ordinal else ""
    now = fault.now or "left out"
    return f"{fault.path} | {fault.where} | {fault.what} | {fault.was} => {now}{number} | {verdict}"


def name_of(fault):
    return line_of(fault, "").rsplit(" | ", 1)[0]


def explanations():
    """The reason for each survivor: a line that names it, then indented lines that explain it."""
    reasons, name = {}, None
    for line in SURVIVORS.read_text().split("\n") if SURVIVORS.exists() else []:
        if line.startswith("  ") and name:
            reasons[name] = (reasons.get(name, "") + " " + line.strip()).strip()
        elif line and line[0] != "#":
            name = line
    return reasons


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=0, help="so many faults, drawn at random; 0: all")
    parser.add_argument("--seed", type=int, default=None, help="of the draw; by default another one each time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="units compiled at a time")
    parser.add_argument("--programs", default="", help="programs of tests, separated by commas; by default all")
    parser.add_argument("--budget", type=float, default=0, help="stop trying a fault after tests of so many seconds; 0: all")
    parser.add_argument("--only", default="", help="faults whose line in the list contains this text")
    parser.add_argument("--fresh", action="store_true", help="forget earlier verdicts")
    parser.add_argument("--again", action="store_true", help="try survivors again")
    parser.add_argument("--write", action="store_true", help="write the list with all verdicts")
    a = parser.parse_args()

    tree = instrumented.build(a.jobs, a.programs.split(",") if a.programs else instrumented.programs())
    print(f"{len(tree.alive)} faults", flush=True)
    programs = tree.make()
    faults = tree.alive
    reached_file, verdicts_file = HOME / "reached.json", HOME / "verdicts.json"
    noted = note_reached(programs, faults, json.loads(reached_file.read_text()) if reached_file.exists() else {})
    verdicts = {} if a.fresh or not verdicts_file.exists() else json.loads(verdicts_file.read_text())

    drawn = [f for f in faults if a.only in name_of(f)]
    if a.count:
        seed = a.seed if a.seed is not None else int(time.time())
        drawn = random.Random(seed).sample(sorted(drawn, key=lambda f: f.hash()), min(a.count, len(drawn)))
        print(f"{len(drawn)} drawn with seed {seed}", flush=True)
    drawn.sort(key=lambda f: "/kernels/" in f.path)  # their tests take longest
    unreliable, start = set(), time.time()
    for n, f in enumerate(drawn):
        known = verdicts.get(f.hash())
        if known and not a.count and not (a.again and known.startswith("survived")):
            continue
        verdict = verdicts[f.hash()] = judge(f, programs, noted, unreliable, a.budget)
        verdicts_file.write_text(json.dumps(verdicts))
        print(f"{n + 1}/{len(drawn)} {time.time() - start:.0f} s: {line_of(f, verdict)}", flush=True)

    if a.write:
        tried = sorted((line_of(f, verdicts[f.hash()]) for f in faults if f.hash() in verdicts))
        LIST.write_text("# path | function | kind | was => now | what became of it. Written by `./dev mutants engine --write`.\n" + "\n".join(tried) + "\n")
    sys.exit(report(drawn, verdicts))


def report(drawn, verdicts):
    """Says what became of the faults; the exit code."""
    reasons = explanations()
    # A processor without AVX-512 or matrix tiles reaches less than the one that the list comes from.
    listed = dict(line.rsplit(" | ", 1) for line in LIST.read_text().split("\n") if " | " in line and line[0] != "#") if LIST.exists() else {}
    tried = [f for f in drawn if f.hash() in verdicts]
    elsewhere = [f for f in tried if verdicts[f.hash()].endswith("not reached") and listed.get(name_of(f), "").startswith("caught")]
    survivors = [f for f in tried if verdicts[f.hash()].startswith("survived") and f not in elsewhere]
    for f in survivors:
        print(f"{line_of(f, verdicts[f.hash()])}: {reasons.get(name_of(f), 'not explained')}")
    none = [f for f in survivors if reasons.get(name_of(f), "").startswith("none: ")]
    real, open_ones = len(survivors) - len(none), [f for f in survivors if name_of(f) not in reasons]
    count = len(tried) - len(elsewhere) - len(none)
    if elsewhere:
        print(f"{len(elsewhere)} are not reached on this machine and do not count")
    print(f"{len(tried)} faults tried, of which {len(none)} are none; of {count}, {count - real} are caught ({100 * (count - real) / max(1, count):.1f} %), "
          f"{real} survive, {len(open_ones)} of them unexplained")
    return 1 if real > THRESHOLD * count else 0


main()
