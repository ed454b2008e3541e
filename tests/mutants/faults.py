"""Finds faults in C++ sources and writes them behind one run-time switch ("mutant schemata"; Untch, Offutt, Harrold 1993).

`faults_of(path, text)` lists what could be wrong in a file; `instrumented(text, faults)` is that file with

    a < b           as  (::axiograd_fault(17) ? (a <= b) : (a < b))
    f(x);           as  { if (!::axiograd_fault(18)) f(x); }

so that a fault is a number in the environment instead of a build. Lines stay where they are. It reads tokens, not a syntax tree: the
sources are formatted, so an operator of two operands is one with spaces around it, and an angle bracket is one without. What does
not compile all the same is found by the place of the error (`culprits`)."""
import bisect
import dataclasses
import hashlib
import re

TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)|(?P<directive>(?<![^\n])[ \t]*\#(?:[^\n\\]|\\\n|\\.)*)|(?P<string>(?:u8|[uUL])?R"\((?:.|\n)*?\)"|(?:u8|[uUL])?"(?:[^"\\\n]|\\.)*")"""
    r"""|(?P<char>'(?:[^'\\\n]|\\.)+')|(?P<number>\.?\d(?:[eEpP][+-]|'?[\w.])*)|(?P<word>[A-Za-z_]\w*)"""
    r"""|(?P<mark><=>|<<=|>>=|->\*|\.\.\.|::|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)""", re.S | re.X)

BINDS = {"||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 8, ">": 8, "<=": 8, ">=": 8, "<<": 9, ">>": 9, "+": 10, "-": 10,
         "*": 11, "/": 11, "%": 11}
OTHER = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "+": "-", "-": "+", "/": "*", "<<": ">>", ">>": "<<", "*": "+"}
ASSIGNS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
CLOSING = {"(": ")", "[": "]", "{": "}"}
OPENING = {v: k for k, v in CLOSING.items()}


@dataclasses.dataclass
class token:
    kind: str
    text: str
    start: int
    end: int
    before: bool  # whitespace before it
    after: bool   # and behind

    @property
    def binary(self):
        return self.kind == "mark" and self.text in BINDS and self.before and self.after


@dataclasses.dataclass
class fault:
    path: str
    what: str
    start: int
    end: int
    was: str
    now: str
    form: str = "expression"  # or "statement", which is left out
    where: str = ""           # the function it is in
    ordinal: int = 0
    number: int = 0

    def key(self):
        """What identifies it when lines move."""
        return (self.path, self.where, self.what, self.was, self.now, self.ordinal)

    def hash(self):
        return hashlib.sha1(repr(self.key()).encode()).hexdigest()


def tokens_of(text):
    found = []
    for m in TOKEN.finditer(text):
        if m.lastgroup in ("space", "directive"):
            continue
        parts = [(m.group(), m.start(), m.end())]
        if m.group() == ">>" and not text[m.start() - 1].isspace():  # closes two templates
            parts = [(">", m.start(), m.start() + 1), (">", m.start() + 1, m.end())]
        for word, start, end in parts:
            found.append(token(m.lastgroup, word, start, end, text[start - 1 : start].isspace(), text[end : end + 1].isspace()))
    return found


class reader:
    """The tokens of a file with their brackets matched and the blocks of functions found."""

    def __init__(self, path, text):
        self.path, self.text, self.tokens = path, text, tokens_of(text)
        self.match()
        self.scopes()

    def match(self):
        self.partner, stack = {}, []
        for i, t in enumerate(self.tokens):
            if t.kind != "mark":
                continue
            if t.text in CLOSING:
                stack.append(i)
            elif t.text in OPENING:
                j = stack.pop()
                self.partner[i], self.partner[j] = j, i
        # Angle brackets: those that are no comparisons.
        stack = []
        for i, t in enumerate(self.tokens):
            if t.kind != "mark":
                continue
            if t.text == "<" and not (t.before and t.after) and self.tokens[i - 1].text != "operator":
                stack.append(i)
            elif t.text in "([{":
                stack.append(i)
            elif t.text in ")]}":
                while stack and self.tokens[stack[-1]].text == "<":
                    stack.pop()
                stack.pop()
            elif t.text == ">" and stack and self.tokens[stack[-1]].text == "<" and not t.binary:
                j = stack.pop()
                self.partner[i], self.partner[j] = j, i

    def words(self, i, j):
        return [t.text for t in self.tokens[i:j]]

    def kind_of_brace(self, i, stack):
        before = self.tokens[i - 1].text if i else ""
        k = i - 1  # the beginning of the declaration or statement
        while k >= 0 and self.tokens[k].text not in (";", "{", "}"):
            k = self.partner[k] - 1 if self.tokens[k].text in (")", "]", ">") and k in self.partner else k - 1
        head = self.words(k + 1, i)
        plain = [w for w in head if w not in ("inline", "static", "constexpr")]
        if "template" in plain[:1]:
            k += 1 + plain.index("template") + 1
            head = self.words(self.partner.get(k + 0, k) + 1, i) if self.tokens[k].text == "<" else head
        if "requires" in head and before in (")", "requires") and self.requires_expression(i):
            return "requires"
        if "namespace" in head or head[:1] == ["extern"]:
            return "namespace"
        if "enum" in head[:2]:
            return "enum"
        if any(w in ("struct", "class", "union") for w in head) and "(" not in self.strip_groups(k + 1, i):
            return "type"
        if before in (")", "const", "noexcept", "override", "final", "mutable", "else", "do", "try", "]", "", ";", "{", "}", ":"):
            return "init" if before == "{" and stack and stack[-1] == "init" else "block"
        j = i - 1  # -> type {
        while j > 0 and (self.tokens[j].kind == "word" or self.tokens[j].text in ("::", "*", "&", ">")):
            j = self.partner[j] - 1 if self.tokens[j].text == ">" and j in self.partner else j - 1
        return "block" if self.tokens[j].text == "->" and self.tokens[j - 1].text in (")", "mutable", "const", "noexcept") else "init"

    def requires_expression(self, i):
        j = i - 1
        if self.tokens[j].text == ")":
            j = self.partner[j] - 1
        return self.tokens[j].text == "requires"

    def strip_groups(self, i, j):
        """The words between, `alignas(64)` and attributes aside."""
        out = []
        while i < j:
            if self.tokens[i].text == "alignas":
                i = self.partner[i + 1]
            elif self.tokens[i].text == "[":
                i = self.partner[i]
            else:
                out.append(self.tokens[i].text)
            i += 1
        return out

    def scopes(self):
        """For each token: whether it is code of a function, and which."""
        self.code, self.names = [], []
        stack, names, skip = [], [], -1
        for i, t in enumerate(self.tokens):
            if t.text == "{" and t.kind == "mark":
                stack.append(self.kind_of_brace(i, stack))
                names.append(self.name_of(i) if stack[-1] in ("block", "type") and "block" not in stack[:-1] else "")
            inner = next((s for s in reversed(stack) if s in ("block", "type", "requires", "enum")), "")
            self.code.append(inner == "block" and "requires" not in stack and i > skip)
            self.names.append("::".join(n for n in names if n))
            if t.text == "}" and t.kind == "mark":
                stack.pop()
                names.pop()
            skip = max(skip, self.end_of_excluded(i, t))

    def end_of_excluded(self, i, t):
        """The last token of something that must stay as it is, if it begins here."""
        following = self.tokens[i + 1].text if i + 1 < len(self.tokens) else ""
        if t.text == "template" and following == "<":
            return self.partner.get(i + 1, i)
        if t.text == "if" and following == "constexpr":
            return self.partner[i + 2]
        if t.text in ("static_assert", "message", "sizeof", "alignof", "decltype", "refuse", "system_failure", "noexcept", "requires") and following == "(":
            return self.partner[i + 1]
        if t.text == "requires" and following == "{":
            return self.partner[i + 1]
        if t.text == "throw" or (t.text in ("constexpr", "using", "typedef", "friend", "case", "asm") and i and self.tokens[i - 1].text in (";", "{", "}", "static")):
            j = i
            while self.tokens[j].text not in (";", ":") and j + 1 < len(self.tokens):
                if self.tokens[j].text in CLOSING and self.tokens[j].kind == "mark":
                    if self.tokens[j].text == "{" and self.tokens[j - 1].text == ")":
                        return i  # a constexpr function
                    j = self.partner[j]
                j += 1
            return j
        if t.text == "<" and not (t.before and t.after) and i in self.partner:
            return self.partner[i]
        return -1

    def name_of(self, i):
        """The word before the parameters of a function, or behind `struct`."""
        k = i - 1
        name = ""
        while k > 0 and self.tokens[k].text not in (";", "{", "}"):
            if self.tokens[k].text in ("struct", "class", "union"):
                return self.tokens[k + 1].text
            if self.tokens[k].text in (")", "]", ">") and k in self.partner:
                call = self.tokens[k].text == ")"
                k = self.partner[k] - 1
                t = self.tokens[k]
                if call and t.kind == "word" and t.text not in ("noexcept", "decltype", "requires", "alignas", "if", "for", "while", "template"):
                    name = t.text
                    if not name.endswith("_"):  # else a member that a constructor initialises
                        return name
                continue
            k -= 1
        return name

    # ---- ranges of tokens ----

    def source(self, i, j):
        """The text of tokens i..j on one line, without comments."""
        out = ""
        for k in range(i, j + 1):
            out += (" " if out and self.tokens[k].start > self.tokens[k - 1].end else "") + self.tokens[k].text
        return out

    def left_of(self, i, binds):
        """The first token of the left operand of operator i."""
        k = i
        while k - 1 >= 0:
            t = self.tokens[k - 1]
            if t.kind == "mark":
                if t.text in (")", "]", "}") or (t.text == ">" and k - 1 in self.partner and not t.binary):
                    k = self.partner[k - 1]
                    continue
                if t.text in ("(", "[", "{", ",", ";", "?", ":") or t.text in ASSIGNS and (t.text != "=" or t.before):
                    break
                if t.binary and BINDS[t.text] < binds:
                    break
            elif t.text in ("return", "throw", "case", "else", "co_return"):
                break
            k -= 1
        return k

    def right_of(self, i, binds):
        """The last token of the right operand."""
        k = i
        while k + 1 < len(self.tokens):
            t = self.tokens[k + 1]
            if t.kind == "mark":
                if t.text in ("(", "[", "{") or (t.text == "<" and k + 1 in self.partner):
                    k = self.partner[k + 1]
                    continue
                if t.text in (")", "]", "}", ",", ";", "?", ":") or t.text in ASSIGNS:
                    break
                if t.binary and BINDS[t.text] <= binds:
                    break
            k += 1
        return k

    def makes_no_fault(self, i, j):
        """Whether the range holds what cannot be said twice: statements, lambdas, new names."""
        words = self.words(i, j + 1)
        return ";" in words or any(t.kind == "string" for t in self.tokens[i : j + 1]) or not all(self.code[i : j + 1]) and any(
            self.code[k] is False and self.tokens[k].kind != "mark" and not self.in_angle(k) for k in range(i, j + 1))

    def in_angle(self, k):
        return any(self.tokens[b].text == "<" and b < k < e for b, e in self.partner.items() if b < e)


def statement_at(r, i):
    """The last token of the expression statement that begins at i; None if it is none."""
    k, n = i, len(r.tokens)
    while k < n and r.tokens[k].text in ("*", "++", "--", "::") and r.tokens[k].kind == "mark":
        k += 1
    if r.tokens[k].text == "(" and k == i:
        return None
    if r.tokens[k].text == "(":
        k = r.partner[k]
    elif r.tokens[k].kind != "word" or r.tokens[k].text in (
            "return", "using", "static", "const", "auto", "template", "struct", "class", "if", "for", "while", "else", "do", "switch", "case", "default",
            "break", "continue", "goto", "throw", "try", "catch", "typedef", "constexpr", "friend", "public", "private", "protected", "static_assert",
            "namespace", "enum", "union", "explicit", "virtual", "operator", "delete", "asm", "thread_local"):
        return None
    k += 1
    while k < n:
        t = r.tokens[k]
        if t.text in ("(", "[") or (t.text == "<" and k in r.partner):
            k = r.partner[k] + 1
        elif t.text in (".", "->", "::"):
            k += 2 if r.tokens[k + 1].text != "template" else 3
        else:
            break
    if k >= n or not (r.tokens[k].text == ";" or r.tokens[k].text in ASSIGNS or r.tokens[k].text in ("++", "--")):
        return None
    while k < n and r.tokens[k].text != ";":
        k = r.partner[k] + 1 if r.tokens[k].kind == "mark" and r.tokens[k].text in CLOSING else k + 1
    return k


def begins_statement(r, i):
    before = r.tokens[i - 1]
    if before.text in (";", "{", "}", "else", "do") and before.kind in ("mark", "word"):
        return not (before.text == ";" and r.in_for_head(i))
    if before.text == ")":
        head = r.tokens[r.partner[i - 1] - 1].text
        return head in ("if", "for", "while", "constexpr")
    return False


def in_for_head(self, i):
    """Whether token i lies in the parentheses of a `for` or of an `if` with an initialiser."""
    depth = 0
    for k in range(i - 1, max(-1, i - 80), -1):
        if self.tokens[k].kind != "mark":
            continue
        if self.tokens[k].text in (")", "]", "}"):
            depth += 1
        elif self.tokens[k].text in ("(", "[", "{"):
            if depth == 0:
                return self.tokens[k].text == "("
            depth -= 1
    return False


reader.in_for_head = in_for_head


def faults_of(path, text):
    """All faults that this module can think of in the code of functions."""
    r = reader(path, text)
    found = []

    def add(what, i, j, now, form="expression"):
        if form == "expression" and r.makes_no_fault(i, j):
            return
        found.append(fault(path, what, r.tokens[i].start, r.tokens[j].end, r.source(i, j), now, form, r.names[i]))

    for i, t in enumerate(r.tokens):
        if not r.code[i]:
            initialiser(r, i, add)
            continue
        if t.binary:
            a, b = r.left_of(i, BINDS[t.text]), r.right_of(i, BINDS[t.text])
            if a < i < b:
                left, right = r.source(a, i - 1), r.source(i + 1, b)
                if t.text in OTHER:
                    add("operator", a, b, f"{left} {OTHER[t.text]} {right}")
                if t.text in ("&&", "||", "|"):
                    add("dropped", a, b, left)
                    add("dropped", a, b, right)
                elif t.text in ("+", "-", "*", "/", "%", "&"):
                    add("dropped", a, b, left)
        elif t.kind == "word" and t.text in ("if", "while") and r.tokens[i + 1].text == "(":
            condition(r, i + 1, add)
        elif t.text == "?" and t.before:
            a = r.left_of(i, 0)
            if a < i:
                add("condition", a, i - 1, "true")
                add("condition", a, i - 1, "false")
        elif t.kind == "word" and t.text in ("min", "max") and r.tokens[i + 1].text in ("(", "<"):
            a = i - 2 if r.tokens[i - 1].text == "::" else i
            b = r.partner[i + 1] if r.tokens[i + 1].text == "(" else r.partner[r.partner[i + 1] + 1]
            if r.tokens[i - 1].text not in (".", "->") and (r.tokens[i - 1].text != "::" or r.tokens[i - 2].text == "std"):
                swapped = r.source(a, b).replace(t.text, "max" if t.text == "min" else "min", 1)
                add("extreme", a, b, swapped)
        elif t.text == "exchange" and r.tokens[i + 1].text == "(":
            comma = next((k for k in range(i + 2, r.partner[i + 1]) if r.tokens[k].text == ","), None)
            if comma:
                add("exchange", i - 2 if r.tokens[i - 1].text == "::" else i, r.partner[i + 1], r.source(i + 2, comma - 1))
        elif t.text in ("true", "false") and r.tokens[i - 1].text in ("(", ",", "=", "return", "{"):
            add("constant", i, i, "false" if t.text == "true" else "true")
        elif t.kind == "number" and re.fullmatch(r"\d+", t.text) and int(t.text) < 100 and r.tokens[i + 1].text not in (">", "<", "."):
            before = r.tokens[i - 1]
            if before.text in ("(", ",", "[", "=", "return", "?", ":", "{") or before.binary or before.text in ASSIGNS:
                add("constant", i, i, str(int(t.text) + 1))
        if begins_statement(r, i):
            end = statement_at(r, i)
            if end is not None:
                add("statement", i, end, "", "statement")
            elif t.text in ("break", "continue") or (t.text == "return" and r.tokens[i + 1].text == ";"):
                add("statement", i, i + 1, "", "statement")
    seen = {}
    for f in found:
        first = f.key()
        f.ordinal = seen[first] = seen.get(first, -1) + 1
    return found


def condition(r, i, add):
    """An `if` or `while` that is always taken, or never; what begins with a declaration has its condition behind the last semicolon."""
    a, b = i + 1, r.partner[i] - 1
    depth_free = [k for k in range(a, b + 1) if r.tokens[k].text == ";" and not any(x < k < r.partner[x] for x in range(a, k) if r.tokens[x].text == "{")]
    if depth_free:
        a = depth_free[-1] + 1
    if any(t.text in ASSIGNS and t.before for t in r.tokens[a : b + 1]) or a > b:
        return
    add("condition", a, b, "false")
    if r.tokens[i - 1].text == "if":
        add("condition", a, b, "true")


def initialiser(r, i, add):
    """Members that a constructor forgets: `: a(x), b(y) {`."""
    t = r.tokens[i]
    if t.text != ":" or r.tokens[i - 1].text not in (")", "noexcept") or not t.before or i + 2 >= len(r.tokens):
        return
    k = i + 1
    while r.tokens[k].kind == "word" and r.tokens[k + 1].text in ("(", "{"):
        close = r.partner[k + 1]
        if close > k + 2 and r.tokens[k].text.endswith("_") and "," not in r.words(k + 2, close) and not re.search(
                r"&\s*" + r.tokens[k].text + ";", r.text):  # a reference would be bound to a copy
            inner = r.source(k + 2, close - 1)
            add("member", k + 2, close - 1, f"std::remove_cvref_t<decltype({inner})>{{}}", "member")
        if r.tokens[close + 1].text != ",":
            return
        k = close + 2


def instrumented(text, faults):
    """The text with the faults behind ::axiograd_fault(number), and for each fault the places it has in there: [(start, end, number)]."""
    groups = {}
    for f in faults:
        groups.setdefault((f.start, f.end, f.form == "statement"), []).append(f)
    order = sorted(groups, key=lambda g: (g[0], -g[1], not g[2]))
    out, places = [], []

    def size():
        return sum(map(len, out))

    length = 0

    def emit(s):
        nonlocal length
        out.append(s)
        length += len(s)

    def write(begin, end, inner):
        """The text from begin to end with the groups `inner`, which lie in it."""
        at, k = begin, 0
        while k < len(inner):
            g = inner[k]
            inside = [h for h in inner[k + 1:] if h[0] >= g[0] and h[1] <= g[1]]
            if g[0] < at:  # overlaps what was written: cannot be
                raise ValueError(f"faults that overlap: {groups[g]}")
            emit(text[at : g[0]])
            whole = length
            if g[2]:
                emit(f"{{ if (!::axiograd_fault({groups[g][0].number})) ")
                write(g[0], g[1], inside)
                emit(" }")
            else:
                emit("(")
                for f in groups[g]:
                    emit(f"::axiograd_fault({f.number}) ? ")
                    start = length
                    emit(f"({f.now})" if f.form != "member" else f.now)
                    places.append((start, length, f.number))
                    emit(" : ")
                emit("(")
                write(g[0], g[1], inside)
                emit("))")
            for f in groups[g]:
                places.append((whole, length, f.number))
            at = g[1]
            k += 1 + len(inside)
        emit(text[at:end])

    write(0, len(text), order)
    return "".join(out), places


def culprits(text, places, line, column):
    """The faults that an error at this place of an instrumented text is about: the narrowest that it lies in, else those of the line."""
    starts = [0] + [m.end() for m in re.finditer("\n", text)]
    offset = len(text[starts[line - 1]:].encode()[: column - 1].decode(errors="ignore")) + starts[line - 1]
    around = [p for p in places if p[0] <= offset < p[1]]
    if around:
        narrowest = min(p[1] - p[0] for p in around)
        return {p[2] for p in around if p[1] - p[0] == narrowest}
    end = starts[line] if line < len(starts) else len(text)
    return {p[2] for p in places if p[0] < end and p[1] > starts[line - 1]}
