"""The build with planted faults: a copy of the tree in build/mutants/tree with every chosen fault behind the switch, and the test
programs linked from its objects. Operators that are not in OPERATORS come from the libraries of build/release, which must be up to
date. Faults that do not compile are taken out by the place of the error."""
import concurrent.futures
import json
import math
import pathlib
import re
import shlex
import subprocess
import sys

import faults

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = ROOT / "build/release"
HOME = ROOT / "build/mutants"
TREE = HOME / "tree"
HERE = pathlib.Path(__file__).parent

# Where faults are planted; the operators' own texts are mutants.py's.
SOURCES = ["axiograd/kernels/*.hpp", "axiograd/kernels/*.cpp", "axiograd/kernels/cpu/*.hpp", "axiograd/kernels/cpu/*.cpp", "axiograd/autograd/*.hpp",
           "axiograd/autograd/*.cpp", "axiograd/families/*.hpp", "axiograd/families/*.cpp", "axiograd/operators/*.hpp", "axiograd/operators/*.cpp",
           "axiograd/ops/*/parts/*.hpp", "axiograd/core/storage.*", "axiograd/core/shape.hpp",
           "axiograd/core/tensor.hpp", "axiograd/core/random.hpp", "axiograd/functional/*.hpp", "axiograd/functional/*.cpp",
           "axiograd/nn/*.hpp", "axiograd/nn/*.cpp", "axiograd/io/*.hpp", "axiograd/io/*.cpp", "axiograd/train/*.hpp", "axiograd/train/*.cpp"]
# Operators whose units are compiled with the faults in the machinery under them: some of each family.
OPERATORS = ["add", "mul", "log", "tanh", "relu", "gelu", "softmax", "layer_norm", "reduce_mean", "reduce_sum", "cumsum", "cross_entropy_labels", "matmul", "linear", "conv2d",
             "conv_transpose2d", "max_pool2d", "gather_rows", "concat", "permute", "broadcast_to", "batch_norm", "scaled_dot_product_attention"]
# And those whose units of vectors are: some of each kind of row and of number.
VECTORS = ["gelu", "add", "softmax", "layer_norm", "reduce_mean", "cross_entropy_labels"]
FAULTS_A_FILE = 0.62  # times the root of what a file offers: long files do not crowd out short ones
KINDS = ["statement", "condition", "dropped", "member", "exchange", "extreme", "operator", "constant"]
SHARE = {"statement": 4, "condition": 4, "dropped": 4, "member": 2, "exchange": 1, "extreme": 1, "operator": 4, "constant": 2}


def programs():
    """All programs of tests in build/release that use the libraries, and the conformance suite."""
    names = {re.search(r"CMakeFiles/(\w+)\.dir", e["command"]).group(1) for e in json.loads((RELEASE / "compile_commands.json").read_text())}
    return sorted(n for n in names if n.startswith("test_") and not n.startswith("test_simd")) + ["conformance"]


def sources():
    found = sorted({p for pattern in SOURCES for p in ROOT.glob(pattern) if ".test." not in p.name})
    return [str(p.relative_to(ROOT)) for p in found]


def chosen(path, text):
    """Some of a file's faults, of each kind its share, the same ones as long as the text of each stays."""
    offered = sorted(faults.faults_of(path, text), key=lambda f: f.hash())
    wanted = math.ceil(FAULTS_A_FILE * math.sqrt(len(offered))) if len(offered) > 2 else len(offered)
    queues = {kind: [f for f in offered if f.what == kind] for kind in KINDS}
    turns = [kind for k in range(max(SHARE.values())) for kind in KINDS if SHARE[kind] > k]
    taken = []
    while len(taken) < wanted:
        for kind in turns:
            if queues[kind] and len(taken) < wanted:
                taken.append(queues[kind].pop(0))
    return taken


def put(path, text):
    """Writes a file unless it holds that text already, so that nothing is compiled again in vain."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


class build:
    """The copy, its faults and its programs."""

    def __init__(self, jobs, programs):
        self.jobs, self.programs = jobs, programs
        self.dropped_file = HOME / "dropped.json"
        self.dropped = {tuple(k) for k in json.loads(self.dropped_file.read_text())} if self.dropped_file.exists() else set()
        self.numbers_file = HOME / "numbers.json"
        self.places = {}
        self.choose()
        self.write_tree()

    def choose(self):
        """The faults, each with the number that it had the last time: other numbers would compile everything anew."""
        known = {tuple(k): n for n, k in json.loads(self.numbers_file.read_text())} if self.numbers_file.exists() else {}
        self.faults = [f for p in sources() for f in chosen(p, (ROOT / p).read_text())]
        highest = max(known.values(), default=0)
        for f in self.faults:
            if f.key() not in known:
                highest += 1
                known[f.key()] = highest
            f.number = known[f.key()]
        HOME.mkdir(parents=True, exist_ok=True)
        put(self.numbers_file, json.dumps([[n, list(k)] for k, n in known.items()]))

    @property
    def alive(self):
        return [f for f in self.faults if f.key() not in self.dropped]

    def write_tree(self):
        wanted = {}
        for f in self.alive:
            wanted.setdefault(f.path, []).append(f)
        files = [p for folder in ("axiograd", "tests") for p in (ROOT / folder).rglob("*") if p.suffix in (".hpp", ".cpp", ".json", ".tsv") and p.is_file()]
        for p in files:
            name = str(p.relative_to(ROOT))
            text = p.read_text()
            if name in wanted:
                text, self.places[name] = faults.instrumented(text, wanted[name])
            put(TREE / name, text)
        for name in ("switch.hpp", "switch.cpp"):
            put(HOME / name, (HERE / name).read_text())
        for old in list(TREE.rglob("*.?pp")):  # what the tree no longer has
            if not (ROOT / old.relative_to(TREE)).exists():
                old.unlink()

    # ---- units ----

    def units(self):
        """For each object: its command and its source. From build/release, with the tree's files in place of ours."""
        chosen_units, libraries = {}, {}
        for entry in json.loads((RELEASE / "compile_commands.json").read_text()):
            words = shlex.split(entry["command"])
            out, source = words[words.index("-o") + 1], entry["file"]
            name = pathlib.Path(source).stem
            target = re.search(r"CMakeFiles/(\w+)\.dir", out).group(1)
            # Numbers have no faults here, nor has the program of the conformance suite; its checks have.
            program = next((p for p in self.programs if target == p and "/scalar/" not in source and p != "conformance"), None)
            generated = str(RELEASE) in source
            if not (program or target == "axiograd_checks" and "conformance" in self.programs and name in ("engine", "programs", "kernels", "adjoint")
                    or target == "axiograd_subjects" and "conformance" in self.programs and name in OPERATORS
                    or target.startswith("axiograd_") and target[9:] in ("core", "kernels", "operators", "autograd", "nn", "io", "train") and (
                        not generated or name in OPERATORS or name.startswith(("native_", "updates_")) or self.simd_of(source))):
                continue
            begin = 1 + next(i for i, w in enumerate(words) if re.search(r"(g|clang)\+\+[-\d]*$", w))
            flags, skip = [], False
            for w in words[begin:]:
                if skip or w in ("-o", "-c", "-include", "-Winvalid-pch", "-Werror", source):
                    skip = not skip and w in ("-o", "-include")
                    continue
                flags.append("-O1" if w in ("-O3", "-O2") and not re.search(r"_(avx\w+|baseline)", name) else w)
            flags = [w.replace(f"-I{ROOT}", f"-I{TREE}") if w.startswith(f"-I{ROOT}") and not w.startswith(f"-I{RELEASE}") else w for w in flags]
            pch = []
            if target == "axiograd_subjects":
                pch = ["-include", str(TREE / "tests/conformance/subject_unit.hpp")]
            elif target == "axiograd_operators" and generated and not name.startswith(("simd_", "native_")):
                pch = ["-include", str(TREE / "axiograd/operators/operator_unit.hpp")]
            if not generated:
                source = str(TREE / pathlib.Path(source).relative_to(ROOT))
            object_file = HOME / "objects" / (target + "." + out.split(".dir/", 1)[1].replace("/", "_"))
            command = [*words[:begin], *flags, "-w", "-Wno-narrowing", "-include", str(HOME / "switch.hpp"), *pch]
            chosen_units[object_file] = (command, source)
            libraries.setdefault(program or ("conformance" if target in ("axiograd_checks", "axiograd_subjects") else ""), []).append(object_file)
        return chosen_units, libraries

    def simd_of(self, source):
        """Whether it is a unit of vector kernels with one of VECTORS in it."""
        return bool(re.search(r"/simd_avx\w+_\d+\.cpp$", source)) and any(f"::{name}_op," in pathlib.Path(source).read_text() for name in VECTORS)

    def stale(self, object_file, command):
        depfile, noted = object_file.with_suffix(".d"), object_file.with_suffix(".cmd")
        if not object_file.exists() or not depfile.exists() or not noted.exists() or noted.read_text() != shlex.join(command):
            return True
        made = object_file.stat().st_mtime
        names = depfile.read_text().replace("\\\n", " ").split(":", 1)[1].split()
        return any(not pathlib.Path(n).exists() or pathlib.Path(n).stat().st_mtime > made for n in names)

    def compile(self, object_file, command, source, check_only=False):
        """None, or what the compiler says."""
        extra = ["-fsyntax-only"] if check_only else ["-MD", "-MF", str(object_file.with_suffix(".d")), "-o", str(object_file)]
        done = subprocess.run([*command, "-fmax-errors=0", *extra, "-c", source], capture_output=True, text=True, cwd=RELEASE)
        if done.returncode == 0:
            if not check_only:
                object_file.with_suffix(".cmd").write_text(shlex.join(command))
            return None
        return done.stderr

    def guilty(self, messages):
        """The numbers of the faults that errors are about: by the place of an error, else by what is being instantiated there."""
        found, context = set(), []
        for line in messages.split("\n"):
            m = re.match(r"(?:In file included from )?(\S+?):(\d+):(?:(\d+):)?", line)
            if not m:
                continue
            place = self.faults_at(m.group(1), int(m.group(2)), int(m.group(3) or 1))
            if " error: " in line:
                found |= place or next((c for c in context if c), set())
                context = []
            elif "required from" in line or "in 'constexpr' expansion" in line:
                context.append(place)
        return found

    def faults_at(self, path, line, column):
        p = pathlib.Path(path if path.startswith("/") else ROOT / path)
        for top in (TREE, ROOT):
            if p.is_relative_to(top):
                name = str(p.relative_to(top))
                name = name.removeprefix("build/mutants/tree/")
                if name in self.places:
                    return faults.culprits((TREE / name).read_text(), self.places[name], line, column)
        return set()

    def drop(self, numbers):
        for f in self.faults:
            if f.number in numbers:
                self.dropped.add(f.key())
                print(f"does not compile: {f.path}: {f.what}: {f.was[:60]} => {f.now[:60]}", flush=True)
        put(self.dropped_file, json.dumps(sorted(map(list, self.dropped), key=repr)))
        self.write_tree()

    def run_all(self, units, check_only):
        """Compiles what is stale; what was said of the units that fail."""
        todo = [(o, c, s) for o, (c, s) in units.items() if check_only or self.stale(o, c)]
        failed = {}
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for n, (unit, said) in enumerate(zip(todo, pool.map(lambda u: self.compile(*u, check_only), todo))):
                if said is not None:
                    failed[unit[0]] = said
                if (n + 1) % 20 == 0:
                    print(f"{'checked' if check_only else 'compiled'} {n + 1} of {len(todo)}", flush=True)
        return failed

    def make(self):
        """Everything; the programs by name."""
        (HOME / "objects").mkdir(exist_ok=True)
        units, parts = self.units()
        # First only what the compiler thinks of the faults: a header that changes later would have everything compiled again.
        marker = HOME / "checked.txt"
        state = "".join(sorted(f.hash() for f in self.alive))
        cover = re.compile(r"/axiograd/(?!.*\.test\.cpp)|/(tape|functional|program|prepack|allocation|gather_rows|simd_avx512_\d+|product_avx512|max_pool_avx512"
                           r"|norm_avx512|updates_avx512|softmax|conv2d|max_pool2d|concat|reduce_mean|batch_norm)(\.test)?\.cpp$")
        some = {o: u for o, u in units.items() if cover.search(u[1])}
        pending = {} if marker.exists() and marker.read_text() == state else some
        while pending:
            failed = self.run_all(pending, True)
            self.judge(failed)
            pending = {o: units[o] for o in failed}
        put(marker, "".join(sorted(f.hash() for f in self.alive)))
        while failed := self.run_all(units, False):
            self.judge(failed)
        return self.link(parts)

    def judge(self, failed):
        if not failed:
            return
        bad = set().union(*(self.guilty(said) for said in failed.values()))
        bad &= {f.number for f in self.alive}
        if not bad:
            sys.exit("mutants: the tree with faults does not compile, and no fault is to blame:\n" + "\n".join(said[:3000] for said in failed.values()))
        self.drop(bad)

    def link(self, parts):
        switch = HOME / "switch.o"
        subprocess.run(["g++", "-O2", "-std=c++20", "-c", str(HOME / "switch.cpp"), "-o", str(switch)], check=True)
        programs = {}
        archives = [str(RELEASE / f"libaxiograd_{p}.a") for p in ("train", "nn", "io", "autograd", "runtime", "kernels", "exact", "core")]
        for name in self.programs:
            checks = name == "conformance"
            program = HOME / name
            own = [*RELEASE.glob("tests/conformance/CMakeFiles/conformance.dir/*.o")] if checks else []
            objects = [*own, *parts.get(name, []), *parts[""]]
            command = ["g++", "-fopenmp", *map(str, objects), str(switch), "-o", str(program), "-Wl,--allow-multiple-definition", "-Wl,--start-group",
                       *([str(RELEASE / "tests/conformance/libaxiograd_checks.a")] if checks else []), *archives, "-Wl,--end-group",
                       *(["-lflint-arb", "-lflint"] if checks else ["-lgtest_main"]), "-lgtest", "-lmpfr", "-lgmpxx", "-lgmp", "-ldnnl", "-lpng", "-lz",
                       "-lfmt", "-lpthread"]
            newest = max(o.stat().st_mtime for o in objects)
            if not program.exists() or program.stat().st_mtime < newest:
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode != 0:
                    sys.exit(f"mutants: {name}: {done.stderr[-3000:]}")
            programs[name] = program
        return programs
