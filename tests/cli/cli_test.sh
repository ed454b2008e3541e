#!/bin/bash
# Drives the program as a person would: good paths first, then everything that can go wrong.
# Usage: cli_test.sh PROGRAM
set -u
program=$(realpath "$1")
source_dir=$(realpath "$(dirname "$0")/../..")
data=$source_dir/data/digits/digits.csv.gz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset AXIOGRAD_DATA AXIOGRAD_ISA AXIOGRAD_NUM_THREADS
failures=0
checks=0

fail() {
  failures=$((failures + 1))
  echo "FAILED: $*"
  [ -s out ] && sed 's/^/  out: /' out | head -5
  [ -s err ] && sed 's/^/  err: /' err | head -5
}

# good WORDS... : exit code 0 and nothing on standard error.
good() {
  checks=$((checks + 1))
  "$program" "$@" >out 2>err </dev/null
  local code=$?
  [ $code -eq 0 ] || fail "$*: exit code $code"
  [ -s err ] && fail "$*: wrote to standard error"
}

# bad PATTERN WORDS... : exit code 2 and one line on standard error that begins with the name and matches the pattern.
bad() {
  local pattern=$1
  shift
  checks=$((checks + 1))
  "$program" "$@" >out 2>err </dev/null
  local code=$?
  judge_bad "$code" "$pattern" "$*"
}

judge_bad() {
  [ "$1" -eq 2 ] || fail "$3: exit code $1, expected 2"
  [ "$(wc -l <err)" -eq 1 ] || fail "$3: $(wc -l <err) lines on standard error, expected 1"
  grep -q '^axiograd: ' err || fail "$3: the line does not begin with the program's name"
  grep -Eq -- "$2" err || fail "$3: the line does not match '$2'"
}

has() {
  checks=$((checks + 1))
  grep -Eq -- "$1" out || fail "the output lacks '$1'"
}

holds() {
  checks=$((checks + 1))
  eval "$1" || fail "$2"
}

no_leftovers() {
  checks=$((checks + 1))
  [ -z "$(find "$work" -name '.axiograd-*' -print -quit)" ] || fail "$1: a temporary file was left behind"
}

python=$(command -v python3)

# ---- help and version --------------------------------------------------------------------------------------------------
good
has 'train .*Train'
good --help
has 'AXIOGRAD_NUM_THREADS'
has 'Exit codes'
good train digits --help
has '--learning-rate'
good predict --help
has '--json'
good --version
has '^axiograd [0-9]+\.[0-9]+\.[0-9]+$'
has '^large products and convolutions of floats: (oneDNN [0-9.]+|own kernels, built without oneDNN)$'

# ---- train, eval, predict ----------------------------------------------------------------------------------------------
good train digits --epochs 2 --seed 1 --threads 2 --out run
has 'test accuracy 9[0-9]\.'
has 'predicted'
for file in model.safetensors checkpoint.safetensors report.html; do holds "[ -s run/$file ]" "run/$file is missing"; done
holds "grep -q '<svg' run/report.html && ! grep -q 'http' run/report.html" "the report is not one self-contained page"
trained=$(grep -o 'test accuracy .*)' out | cut -d')' -f1)
good eval run/model.safetensors
has "$(sed 's/[().]/\\&/g' <<<"${trained}")"
good eval run/model.safetensors --data "$data"
good eval run/model.safetensors --data "$(dirname "$data")"
AXIOGRAD_DATA=$data good eval run/model.safetensors

zcat "$data" | sed -n 2p >labelled.csv                       # a 1
cut -d, -f1-64 labelled.csv >row.csv
good predict run/model.safetensors row.csv
has '^1 '
cp out from_row
good predict run/model.safetensors labelled.csv
holds "cmp -s out from_row" "a row with its label is read differently"
good predict run/model.safetensors row.csv --json
if [ -n "$python" ]; then
  holds "$python -c 'import json,sys; d=json.load(open(\"out\")); assert d[\"class\"]==\"1\" and abs(sum(d[\"probabilities\"].values())-1)<1e-5'" "the JSON of predict"
  "$python" - row.csv <<'PY'
import struct, sys, zlib
def png(name, rows):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b""))
row = [int(v) for v in open(sys.argv[1]).read().split(",")]
image = [[v * 255 // 16 for v in row[8 * i:8 * i + 8]] for i in range(8)]
png("light.png", image)
png("dark.png", [[255 - v for v in line] for line in image])
png("large.png", [[0] * 9 for _ in range(8)])
PY
  for image in light dark; do
    good predict run/model.safetensors $image.png
    has '^1 '
  done
  good predict run/model.safetensors dark.png --ink dark
  has '^1 '
  bad '8 x 9 pixels .*expected 8 x 8' predict run/model.safetensors large.png
  head -c 60 light.png >cut.png
  bad 'cut.png: .*PNG' predict run/model.safetensors cut.png
fi

good train digits --epochs 1 --out quiet --quiet
holds "[ ! -s out ]" "--quiet prints something"

# On a terminal the progress line shows speed and time left; elsewhere there is none (`good` above saw standard error empty).
if ! script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
  echo "skipped: the progress line, for this machine has no pseudo-terminals (or no program script)"
else
  checks=$((checks + 1))
  TERM=xterm COLUMNS=120 script -qec "stty cols 120; $program train digits --epochs 2 --out terminal" /dev/null >out 2>err </dev/null
  tr '\r' '\n' <out >lines && mv lines out
  has 'epoch [12]/2  .*loss .*accuracy .*images/s .* left'
  holds "[ -s terminal/model.safetensors ]" "training on a terminal left no model"
fi

# ---- the same bits: any number of threads, and with a pause in the middle ----------------------------------------------
good train digits --epochs 2 --seed 1 --threads 1 --out one_thread
holds "cmp -s run/model.safetensors one_thread/model.safetensors" "the number of threads changes the model"
good train digits --epochs 1 --seed 1 --out halves
good train digits --epochs 2 --resume --out halves
has '1 of 2 epochs are complete'
holds "cmp -s run/model.safetensors halves/model.safetensors" "a resumed training ends with another model"
good train digits --epochs 2 --seed 1 --resume --out halves
holds "cmp -s run/model.safetensors halves/model.safetensors" "resuming a complete training changes the model"

# ---- one training in a folder at a time --------------------------------------------------------------------------------
good train digits --epochs 1 --seed 1 --out old
cp old/checkpoint.safetensors first
touch old/.axiograd-12345-0.tmp old/.axiograd-notes.tmp old/mine.tmp old/.axiograd-77-1.tmp   # what killed runs left, and what not
good train digits --epochs 1 --seed 2 --out old
has 'the checkpoint of an earlier training is now old/checkpoint.safetensors.old'
holds "cmp -s first old/checkpoint.safetensors.old" "the checkpoint of an earlier training is not kept as .old"
holds "! cmp -s first old/checkpoint.safetensors" "the second training has the first one's checkpoint"
holds "[ ! -e old/.axiograd-12345-0.tmp ] && [ ! -e old/.axiograd-77-1.tmp ]" "temporaries of killed runs were not removed"
holds "[ -e old/.axiograd-notes.tmp ] && [ -e old/mine.tmp ]" "files of others were removed"
rm old/.axiograd-notes.tmp
good train digits --epochs 2 --resume --out old
holds "! grep -q earlier out && cmp -s first old/checkpoint.safetensors.old" "--resume renames the checkpoint"

"$program" train digits --epochs 1000 --out held >held.out 2>&1 &
holder=$!
for _ in $(seq 600); do [ -e held/checkpoint.safetensors ] && break; sleep 0.05; done
bad "held: in use by another process \($holder\); two trainings cannot share a folder" train digits --epochs 1 --out held
bad "held: in use by another process \($holder\)" train digits --epochs 1001 --resume --out held
touch held/.axiograd-12345-0.tmp
holds "[ ! -e held/checkpoint.safetensors.old ]" "a training that was refused renamed the checkpoint"
kill -s KILL $holder
{ wait $holder; } 2>/dev/null
good train digits --epochs 1 --out held
holds "[ -s held/checkpoint.safetensors.old ]" "a killed training left no checkpoint to set aside"
holds "[ ! -e held/.axiograd-12345-0.tmp ]" "temporaries of a killed run were not removed"

# ---- operators ---------------------------------------------------------------------------------------------------------
good ops
has '^name +family +scalars +formula'
has '^softmax '
good ops softmax
has 'formula'
has 'axis'
good ops --markdown
has '^\| `conv2d` \|'
good ops --json
[ -n "$python" ] && holds "$python -c 'import json; d=json.load(open(\"out\")); assert len(d) > 40 and all(o[\"formula\"] and \"attributes\" in o for o in d)'" "the JSON of ops"
good ops conv2d --json
[ -n "$python" ] && holds "$python -c 'import json; d=json.load(open(\"out\")); assert d[\"name\"]==\"conv2d\" and [a[\"name\"] for a in d[\"attributes\"]][:2]==[\"stride\",\"padding\"]'" "the JSON of one operator"
bad "no operator 'softmix'" ops softmix
bad '' ops --json --markdown

# The ladder: the program beside this one, and a word where it is missing.
if [ -x "$(dirname "$program")/axiograd-check" ]; then
  good check relu
  has '^relu +ok'
  good check relu matmul --json
  [ -n "$python" ] && holds "$python -c 'import json; d=json.load(open(\"out\")); assert d[\"failed\"] == 0 and len(d[\"operators\"]) == 2'" "the JSON of check"
  good check --exhaustive exp --stride 4096 --state progress.json
  holds "[ -s progress.json ]" "the progress of the floats"
  bad "no operator 'softmix'" check softmix
  bad 'stride' check --exhaustive --stride 0
fi
cp "$program" lonely
checks=$((checks + 1))
./lonely check >out 2>err
judge_bad $? 'the checks are not built' 'check without its program'

# ---- wrong words -------------------------------------------------------------------------------------------------------
bad 'flag|expected|--what' --what
bad 'expected|digitise' digitise
bad 'subcommand.*--help' train
bad 'not expected' train digits --what
bad 'subcommand|not expected' train letters
bad '' train digits --epochs 0
bad '' train digits --epochs many
bad '' train digits --epochs
bad 'not a whole number' train digits --seed -1
bad '' train digits --seed 99999999999999999999
bad '' train digits --batch 0
bad '' train digits --threads 0
bad 'learning rate' train digits --learning-rate 0 --out o
bad 'learning rate' train digits --learning-rate nan --out o
bad 'smaller learning rate' train digits --learning-rate 1e30 --out o
bad 'MODEL' eval
bad 'IMAGE' predict run/model.safetensors
AXIOGRAD_NUM_THREADS=none bad 'AXIOGRAD_NUM_THREADS' ops
AXIOGRAD_ISA=mmx bad 'AXIOGRAD_ISA' ops

# ---- wrong data --------------------------------------------------------------------------------------------------------
bad 'absent.csv.gz' train digits --data absent.csv.gz --out o
AXIOGRAD_DATA=absent.csv.gz bad 'absent.csv.gz' train digits --out o
bad 'digits.csv.gz' train digits --data run --out o              # a folder without the file
head -c 20000 "$data" >truncated.csv.gz
bad 'truncated.csv.gz: gzip data end early' train digits --data truncated.csv.gz --out o
head -c 3000 /dev/urandom >noise.csv.gz
bad 'noise.csv.gz' train digits --data noise.csv.gz --out o
zcat "$data" | head -50 | sed '7s/^0,/x,/' >letters.csv
bad "letters.csv: row 7, column 1: 'x'" train digits --data letters.csv --out o
zcat "$data" | head -50 | sed '3s/$/0/' >label.csv
bad 'label.csv: row 3, column 65' train digits --data label.csv --out o
zcat "$data" | head -50 | sed '4s/^0,//' >short.csv
bad 'short.csv: row 4: 64 values' train digits --data short.csv --out o
: >empty.csv
bad 'empty.csv: no rows' train digits --data empty.csv --out o
zcat "$data" | head -3 >few.csv
bad 'none for testing|samples' train digits --data few.csv --out o
bad 'not a regular file' eval run/model.safetensors --data /dev/null
bad '' train digits --epochs 2 --resume --out halves --data few.csv
bad '' train digits --epochs 3 --seed 9 --resume --out halves
bad 'seed 1, not 9' train digits --epochs 3 --seed 9 --resume --out halves
bad 'batches of' train digits --epochs 3 --batch 7 --resume --out halves
bad '2 epochs already' train digits --epochs 1 --resume --out halves

# ---- wrong models ------------------------------------------------------------------------------------------------------
model=run/model.safetensors
bad 'absent' eval absent
for size in 0 5 8 100 $(($(wc -c <$model) - 1)); do
  head -c "$size" $model >cut.safetensors
  bad 'cut.safetensors: ' eval cut.safetensors
  bad 'cut.safetensors: ' predict cut.safetensors row.csv
done
head -c 5000 /dev/urandom >noise.safetensors
bad 'noise.safetensors: ' eval noise.safetensors
(cat $model; echo more) >long.safetensors
bad 'long.safetensors: ' eval long.safetensors
bad 'not an axiograd model' eval run/checkpoint.safetensors
bad 'not an axiograd model' predict run/checkpoint.safetensors row.csv
bad '' eval "$data"
bad '' eval .
cp -r run broken
cp $model broken/checkpoint.safetensors
bad 'not an axiograd checkpoint' train digits --epochs 3 --resume --out broken
head -c 9999 run/checkpoint.safetensors >broken/checkpoint.safetensors
bad 'broken/checkpoint.safetensors: ' train digits --epochs 3 --resume --out broken
bad 'nothing_here/checkpoint.safetensors: ' train digits --epochs 3 --resume --out nothing_here
holds "[ ! -e nothing_here ]" "a failed resume leaves a folder behind"
if [ -n "$python" ]; then
  "$python" - $model <<'PY'
import json, struct, sys
raw = open(sys.argv[1], "rb").read()
n = struct.unpack("<Q", raw[:8])[0]
head, data = json.loads(raw[8:8 + n]), raw[8 + n:]
def write(name, header):
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(name, "wb").write(struct.pack("<Q", len(text)) + text + data)
def change(name, edit):
    header = json.loads(json.dumps(head))
    edit(header)
    write(name, header)
first = "0.weight"
def shape(h): h[first]["shape"] = h[first]["shape"][::-1]
def dtype(h): h[first]["dtype"] = "I32"
def name(h): h["other"] = h.pop(first)
def meta(h): h.pop("__metadata__")
def kind(h): h["__metadata__"]["model"] = "resnet"
for f in (shape, dtype, name, meta, kind): change(f.__name__ + ".safetensors", f)
begin = head[first]["data_offsets"][0]
for name, value in ("nan", float("nan")), ("inf", float("inf")):
    data = data[:begin + 8] + struct.pack("<f", value) + data[begin + 12:]
    write(name + ".safetensors", head)
data = struct.pack("<f", 3e38) * (len(data) // 4)
write("large_values.safetensors", head)
PY
  for value in nan inf; do
    for words in "eval $value.safetensors" "predict $value.safetensors row.csv"; do
      # shellcheck disable=SC2086
      bad "$value.safetensors: tensor '0.weight': entry 2 is $value, expected a finite number" $words
      holds "[ ! -s out ]" "$words: half an answer"
    done
  done
  bad 'large_values.safetensors: its weights are so large that the scores of this image overflow' predict large_values.safetensors row.csv
  bad 'predictions of sample 0' eval large_values.safetensors
  bad "shape.safetensors: tensor '0.weight' has shape \(3,3,1,16\), the model expects \(16,1,3,3\)" eval shape.safetensors
  bad "dtype.safetensors: .*0.weight.*I32" eval dtype.safetensors
  bad "name.safetensors: .*0.weight" eval name.safetensors
  bad "meta.safetensors: not an axiograd model" eval meta.safetensors
  bad "kind.safetensors: holds the model 'resnet'" eval kind.safetensors
fi

# Checkpoints that are not finite, or contradict themselves. What is refused changes nothing in the folder.
if [ -n "$python" ]; then
  "$python" - run/checkpoint.safetensors <<'PY'
import json, os, struct, sys
raw = open(sys.argv[1], "rb").read()
n = struct.unpack("<Q", raw[:8])[0]
head, data = json.loads(raw[8:8 + n]), raw[8 + n:]
def change(name, edit=lambda h, d: None):
    header, numbers = json.loads(json.dumps(head)), bytearray(data)
    edit(header, numbers)
    text = json.dumps(header).encode()
    os.makedirs(name)
    open(name + "/checkpoint.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + bytes(numbers))
def meta(key, value):
    def edit(header, numbers):
        assert key in header["__metadata__"]
        header["__metadata__"][key] = value
    return edit
def put(tensor, value):
    def edit(header, numbers):
        at = header[tensor]["data_offsets"][0]
        numbers[at:at + 4] = struct.pack("<f", value)
    return edit
rows = head["__metadata__"]["history"].split(";")
columns = rows[1].split(" ")
change("same")
change("steps", meta("steps", "182"))
change("shorter", meta("history", rows[0] + ";"))
change("none", meta("history", ""))
change("accuracy", meta("history", rows[0] + ";" + " ".join(columns[:1] + ["1.01"] + columns[2:]) + ";"))
change("other_loss", meta("history", rows[0] + ";" + " ".join(columns[:2] + ["7.5"] + columns[3:]) + ";"))
change("not_finite", put("model.0.weight", float("nan")))
change("state_nan", put("optimiser.mean.0.weight", float("nan")))
change("negative", put("optimiser.mean_square.0.weight", -1.0))
change("beta", meta("optimiser.beta1", "0.5"))
change("endless", meta("history", ";".join([" ".join(columns[:1] + ["0.9999999999999999"] + columns[2:])] * 2) + ";"))
change("huge", meta("history", " ".join(["1e308"] + columns[1:2] + ["1e308"] + columns[3:4] + ["1e308"]) + ";" + rows[1] + ";"))
PY
  refused() {  # refused FOLDER PATTERN
    bad "$1/checkpoint.safetensors: .*$2" train digits --epochs 3 --resume --out "$1"
    holds "[ \"$(ls "$1")\" = checkpoint.safetensors ]" "$1: a refused checkpoint changed the folder"
  }
  refused steps '182 steps for 2 epochs of 90 batches'
  refused shorter '180 steps for 1 epochs of 90 batches'
  refused none '180 steps for 0 epochs'
  refused accuracy 'epoch 2: the training accuracy is 1.01'
  refused other_loss 'the weights have test loss .* the history says 7.5'
  refused not_finite "tensor 'model.0.weight': entry 0 is nan"
  refused state_nan "tensor 'optimiser.mean.0.weight': entry 0 is nan"
  refused negative "mean_square.0.weight' has a negative entry"
  refused beta "beta1 is 0.5, expected 0.9"
  for folder in same endless huge; do  # histories that a training may have: the report ends, and is small
    good train digits --epochs 2 --resume --out $folder
    holds "[ \"$(stat -c %s $folder/report.html)\" -lt 200000 ]" "$folder: the report is $(stat -c %s $folder/report.html) bytes long"
  done
fi

# Files made to fill memory: within 800 MB of addresses, of which the program itself takes a part, and 20 seconds. Sanitizers
# need addresses without end.
sanitized=no
if grep -aqE '__[at]san_init' "$program"; then sanitized=yes; fi
bounded() {  # bounded PATTERN WORDS... : as bad
  local pattern=$1
  shift
  checks=$((checks + 1))
  (ulimit -t 20; [ $sanitized = yes ] || ulimit -v 800000; exec "$program" "$@" >out 2>err </dev/null)
  judge_bad $? "$pattern" "$*"
}
head -c 300000000 /dev/zero | gzip -1 >bomb.csv.gz
bounded 'bomb.csv.gz: more than 16777216 bytes' train digits --data bomb.csv.gz --out o
bounded 'bomb.csv.gz: more than [0-9]+ bytes' predict $model bomb.csv.gz
cp bomb.csv.gz bomb.safetensors.gz
bounded 'bomb.safetensors.gz: more than [0-9]+ bytes' eval bomb.safetensors.gz
truncate -s 1M sparse.safetensors
bounded "sparse.safetensors: header does not begin with" eval sparse.safetensors
truncate -s 4G sparse.safetensors  # no model of this program is so long
bounded "sparse.safetensors: more than [0-9]+ bytes" eval sparse.safetensors
printf '\002\0\0\0\0\0\0\0{}' >sparse.safetensors && truncate -s 1M sparse.safetensors
bounded "sparse.safetensors: the file has 1048566 bytes of data, its tensors 0" predict sparse.safetensors row.csv
truncate -s 3G sparse.safetensors
mkdir sparse && mv sparse.safetensors sparse/checkpoint.safetensors
bounded "sparse/checkpoint.safetensors: more than [0-9]+ bytes" train digits --resume --out sparse

# ---- wrong images ------------------------------------------------------------------------------------------------------
bad 'absent.csv' predict $model absent.csv
bad 'absent.png' predict $model absent.png
bad '' predict $model $model
cut -d, -f1-63 row.csv >narrow.csv
bad 'narrow.csv: row 1: 63 values' predict $model narrow.csv
cat row.csv row.csv >two.csv
bad '2 rows' predict $model two.csv
sed 's/^0/17/' row.csv >bright.csv
bad 'bright.csv' predict $model bright.csv
sed 's/^0/17/' labelled.csv >bright.csv
bad 'bright.csv: row 1, column 1' predict $model bright.csv
sed 's/^0/nan/' labelled.csv >nan.csv
bad 'nan.csv' predict $model nan.csv
echo text >text.png
bad 'text.png' predict $model text.png

# ---- places that cannot be written -------------------------------------------------------------------------------------
: >occupied
bad 'occupied' train digits --epochs 1 --out occupied
bad 'occupied/run' train digits --epochs 1 --out occupied/run
bad '/proc/axiograd' train digits --epochs 1 --out /proc/axiograd
mkdir read_only && chmod 500 read_only
if ! touch read_only/probe 2>/dev/null; then bad 'read_only' train digits --epochs 1 --out read_only; fi
chmod 700 read_only
checks=$((checks + 1))
"$program" ops >/dev/full 2>err
judge_bad $? 'standard output' 'ops >/dev/full'

# A full disk, as a limit on file sizes: the run ends with a word, and what was there before is as it was.
cp -r run full
checks=$((checks + 1))
(ulimit -f 40 && exec "$program" train digits --epochs 2 --seed 5 --out full >out 2>err)
judge_bad $? 'full/checkpoint.safetensors: cannot be written: File too large' 'full disk'
mv full/checkpoint.safetensors.old full/checkpoint.safetensors
for file in model.safetensors checkpoint.safetensors report.html; do
  holds "cmp -s run/$file full/$file" "a full disk changed $file"
done
# With room for the checkpoint (about 460 KB) but not for anything else.
no_leftovers 'full disk'

# ---- interruptions -----------------------------------------------------------------------------------------------------
# interrupt SIGNAL DIR WORDS... : sends the signal once the first epoch's checkpoint is there.
interrupt() {
  local signal=$1 dir=$2
  shift 2
  checks=$((checks + 1))
  "$program" train digits --epochs 1000 --out "$dir" "$@" >out 2>err &
  local pid=$!
  for _ in $(seq 600); do
    [ -e "$dir/checkpoint.safetensors" ] && break
    sleep 0.05
  done
  kill -s "$signal" $pid
  wait $pid
  judge_bad $? "interrupted in epoch [0-9]+; $dir/checkpoint.safetensors holds" "SIG$signal"
  no_leftovers "SIG$signal"
  holds "[ ! -e $dir/model.safetensors ]" "SIG$signal: an unfinished training left a model"
}
# Shells start background jobs with SIGINT ignored; the program listens all the same.
interrupt INT stopped --seed 1
done_epochs=$(grep -c '^epoch' out)
interrupt TERM terminated
good train digits --epochs $((done_epochs + 1)) --resume --out stopped
good train digits --epochs $((done_epochs + 1)) --seed 1 --out straight
holds "cmp -s stopped/model.safetensors straight/model.safetensors" "an interrupted and resumed training ends with another model"

echo "$checks checks, $failures failures"
[ "$failures" -eq 0 ]
