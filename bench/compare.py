#!/usr/bin/env python3
"""Runs the workloads in Axiograd and in PyTorch by turns and prints how they compare (bench/README.md).

For every workload the results of all programs are compared first; then the programs take turns, one round each, several times.
Every program runs on the same number of threads with the same data.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import select
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROUNDS = 7
TOLERANCE = 1e-4  # of the norm of a result, after up to three training steps in float
FLOOR = 1e-4  # a result whose norm is less than this share of the largest one is nothing but rounding
COMPILE_LIMIT_S = 240


class program:
    """A program that answers requests, one line each."""

    def __init__(self, command, threads):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        self.command, self.environment = [str(c) for c in command], environment
        self.process, self.errors = None, None

    def ask(self, *words, limit_s=600):
        """The answer; {"error": ...} when the program ended or took too long, after which it is started afresh."""
        if self.process is None:
            self.errors = tempfile.TemporaryFile("w+")
            self.process = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=self.errors, text=True)
        try:
            self.process.stdin.write(" ".join(words) + "\n")
            self.process.stdin.flush()
            if not select.select([self.process.stdout], [], [], limit_s)[0]:
                self.end()
                return {"error": f"no answer in {limit_s} s"}
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.end()
            self.errors.seek(0)
            return {"error": " ".join([f"{self.command[0]} ended:", *self.errors.read().strip().splitlines()[-1:]])}
        return json.loads(line)

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def output_of(command, threads):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    done = subprocess.run([str(c) for c in command], env=environment, capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout else {}


def difference(ours, theirs):
    """The largest difference of two digests, relative to the norms in them: pairs of a product and a norm."""
    if len(ours) != len(theirs):
        return float("inf")
    worst, least = 0.0, FLOOR * max(theirs[1::2]) + 1e-30
    for i in range(0, len(ours), 2):
        norm = max(abs(theirs[i + 1]), least)
        for gap in (abs(ours[i] - theirs[i]) / norm, abs(ours[i + 1] - theirs[i + 1]) / norm):
            worst = max(worst, gap) if gap == gap else float("inf")
    return worst


def time_at_limit(workload, limits):
    """Seconds that the arithmetic and the memory traffic of a call take at the machine's rates, whichever is longer."""
    rates = [max(c["plain"], c["non_temporal"]) for c in limits["copy"] if c["bytes"] >= workload["bytes"]]
    rate = rates[0] if rates else max(limits["copy"][-1]["plain"], limits["copy"][-1]["non_temporal"])
    arithmetic, traffic = workload["flops"] / limits["flops_per_second"], workload["bytes"] / rate
    return (arithmetic, "flops") if arithmetic > traffic else (traffic, "bytes")


def measure(workload, ours, theirs, peers):
    """Checks and times one workload: {"ours": [seconds...], PEER: [seconds...]}, and what went wrong by peer."""
    name, problems = workload["name"], {}
    expected = ours.ask("check", name)
    if "error" in expected:
        return {}, {"ours": expected["error"]}
    running = []
    for peer in peers:
        answer = theirs.ask("check", name, peer, limit_s=COMPILE_LIMIT_S)
        if "error" in answer:
            problems[peer] = answer["error"]
        elif (gap := difference(expected["numbers"], answer["numbers"])) > TOLERANCE:
            problems[peer] = f"RESULTS DIFFER by {gap:.1e}"
        else:
            running.append(peer)
    rounds = {"ours": [], **{peer: [] for peer in running}}
    for number in range(ROUNDS + 1):
        for who in list(rounds):
            answer = ours.ask("round", name) if who == "ours" else theirs.ask("round", name, who, limit_s=COMPILE_LIMIT_S)
            time.sleep(0.01)  # threads that wait for work give up the processor
            if "error" in answer:
                problems[who] = answer["error"]
                del rounds[who]
            elif number > 0:  # the first round of each is not counted
                rounds[who].append(answer["seconds"] / workload["operators"])
    return rounds, problems


def in_words(seconds):
    for unit, scale in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def spread(seconds):
    """Half the distance of the quartiles, as a share of the median."""
    low, _, high = statistics.quantiles(seconds, n=4)
    return (high - low) / 2 / statistics.median(seconds)


def processor():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


def revision():
    done = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


class report:
    """Lines for people on stdout and rows for programs, both kept for files."""

    def __init__(self):
        self.lines, self.rows, self.limits, self.versions, self.bad = [], [], {}, {}, False

    def say(self, line):
        print(line, flush=True)
        self.lines.append(line)

    def write(self, today, json_file, save):
        figures = json.dumps({"date": today, "processor": processor(), **self.versions, "limits": self.limits, "rows": self.rows},
                             indent=1)
        if json_file:
            json_file.write_text(figures + "\n")
        if save:
            (HERE / "results" / f"torch-{today}.txt").write_text("\n".join(self.lines).rstrip() + "\n")
            (HERE / "results" / f"torch-{today}.json").write_text(figures + "\n")


class comparison:
    """The programs on one number of threads."""

    def __init__(self, options, threads, out):
        self.options, self.threads, self.out = options, threads, out
        self.peers = ["eager"] if options.eager else ["eager", "compile"]
        self.ours_command = [options.programs / "bench_workloads", "--threads", threads]
        self.theirs_command = [options.python, HERE / "torch_peer.py", "--threads", threads]
        self.limits = out.limits[threads] = output_of([options.programs / "bench_limits", threads], threads)
        self.ours, self.theirs = program([*self.ours_command, "--serve"], threads), program(self.theirs_command, threads)

    def run(self, today, beginnings):
        known, version = self.ours.ask("list"), self.theirs.ask("version")
        if "error" in known or "error" in version or not self.limits:
            sys.exit(f"compare.py: {known.get('error') or version.get('error') or 'bench_limits failed'}")
        wanted = [w for w in known["workloads"] if w["name"].startswith(beginnings or tuple("abcdefghij"))]
        if not wanted:
            sys.exit("compare.py: no workload begins like that; there are " + ", ".join(w["name"] for w in known["workloads"]))
        self.with_adam = version["with_adam"]
        self.out.versions = {"axiograd": revision(), "isa": known["isa"], "torch": version["version"]}
        self.say_head(today, known, version)
        for workload in wanted:
            self.row(workload)
        self.ours.end()
        self.theirs.end()
        self.out.say("")

    def say_head(self, today, known, version):
        say, limits = self.out.say, self.limits
        say(f"{today}, {processor()}, Axiograd {revision()} ({known['isa']}), "
            f"PyTorch {version['version']} ({version['capability']}), threads {self.threads}; "
            f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before the start")
        say("limits: " + f"{limits['flops_per_second'] * 1e-9:.0f} GFLOP/s; copies "
            + ", ".join(f"{c['bytes'] >> 10} KiB {max(c['plain'], c['non_temporal']) * 1e-9:.1f} GB/s" for c in limits["copy"]))
        say(f"{'workload':<21} {'ours':>8} {'+-':>4} {'limit':>6}  "
            + "  ".join(f"{peer:>8} {'+-':>4} {'ratio':>6}" for peer in self.peers)
            + ("" if self.options.no_memory else "   MiB: ours  eager"))

    def row(self, workload):
        name = workload["name"]
        peers = self.peers + ["default"] * (name in self.with_adam)
        rounds, problems = measure(workload, self.ours, self.theirs, peers)
        if not rounds.get("ours"):
            self.out.say(f"{name:<21} FAILED: {problems}")
            self.out.bad = True
            return
        median = {who: statistics.median(seconds) for who, seconds in rounds.items()}
        limit_s, bound = time_at_limit(workload, self.limits)
        share = limit_s / workload["operators"] / median["ours"]
        memory = {} if self.options.no_memory else {
            "ours": output_of([*self.ours_command, "--memory", name], self.threads).get("bytes"),
            "eager": output_of([*self.theirs_command, "--memory", name], self.threads).get("bytes")}
        cells, below = [], []
        for peer in peers:
            if peer not in median:
                cells += [f"{'-':>20}"] * (peer in self.peers)
                continue
            ratio = median[peer] / median["ours"]
            (cells if peer in self.peers else below).append(
                f"{in_words(median[peer]):>8} {spread(rounds[peer]):>4.0%} {ratio:>6.2f}")
            self.out.rows.append({"workload": name, "threads": self.threads, "ours_s": median["ours"], "peer": f"torch {peer}",
                                  "peer_s": median[peer], "ratio": ratio, "limit_share": share, "limit": bound,
                                  "ours_bytes": memory.get("ours"), "peer_bytes": memory.get(peer),
                                  "ours_rounds_s": rounds["ours"], "peer_rounds_s": rounds[peer]})
        line = f"{name:<21} {in_words(median['ours']):>8} {spread(rounds['ours']):>4.0%} {share:>6.1%}  " + "  ".join(cells)
        if memory.get("ours") and memory.get("eager"):
            line += f"   {memory['ours'] / 2**20:>9.0f} {memory['eager'] / 2**20:>6.0f}"
        self.out.say(line)
        for cell in below:
            self.out.say(f"{'  eager, with the optimiser PyTorch takes by default':<52}  {cell.strip()}")
        for who, problem in problems.items():
            self.out.say(f"    {who}: {problem}")
            self.out.bad = self.out.bad or "DIFFER" in problem


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder of bench_workloads and bench_limits")
    parser.add_argument("--peer", choices=["torch"], required=True)
    parser.add_argument("--python", default=sys.executable, help="the Python that has PyTorch")
    parser.add_argument("--threads", default="1", help="numbers of threads, as in 1,2")
    parser.add_argument("--only", default="", help="workloads: beginnings of their names, as in a,f_soft; all but o if absent")
    parser.add_argument("--eager", action="store_true", help="leave torch.compile out")
    parser.add_argument("--no-memory", action="store_true", help="leave the peak memory out")
    parser.add_argument("--json", type=pathlib.Path, help="file for the figures")
    parser.add_argument("--save", action="store_true", help="also write the table and the figures to bench/results")
    options = parser.parse_args()

    beginnings = tuple(b for b in options.only.split(",") if b)
    today, out = datetime.date.today().isoformat(), report()
    for threads in [int(t) for t in options.threads.split(",")]:
        comparison(options, threads, out).run(today, beginnings)
        out.write(today, options.json, options.save)  # a run that is cut short leaves something
    sys.exit(1 if out.bad else 0)


if __name__ == "__main__":
    main()
