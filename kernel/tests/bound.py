"""The longest path through AArch64 machine code, in instructions; refuses code without a bound."""
# SPDX-License-Identifier: MIT
import functools
import re
import subprocess
import sys

sys.setrecursionlimit(20000)
BRANCH = re.compile(r"^(b\.\w+|cbn?z|tbn?z)$")
TARGET = re.compile(r"(?:^|, )([0-9a-f]+) <")
EXCLUSIVE_LOAD, EXCLUSIVE_STORE = re.compile(r"^lda?xr"), re.compile(r"^stl?xr")
SPIN_MOST = 12  # instructions of one turn from load-exclusive to store-exclusive


class Unbounded(Exception):
    """A loop, a recursion or an indirect call on a path; or a claim about something that does not exist."""


class Code:
    """The functions of an ELF file, by address, as objdump prints them."""

    def __init__(self, objdump, elf):
        self.bodies, self.names = {}, {}
        text = subprocess.run([objdump, "-d", "--no-show-raw-insn", elf], check=True,
                              capture_output=True, text=True).stdout
        body = {}
        for line in text.splitlines():
            if head := re.match(r"^([0-9a-f]+) <(.+)>:$", line):
                body = self.bodies[int(head[1], 16)] = {}
                self.names[int(head[1], 16)] = head[2]
            elif found := re.match(r"^ +([0-9a-f]+):\t(\S+)\s*(.*)$", line):
                body[int(found[1], 16)] = (found[2], found[3])

    def named(self, name):
        """The functions of that name, and the parts that the compiler has split off from them."""
        found = [at for at, full in self.names.items() if full.split(".")[0] == name]
        if not found:
            raise Unbounded(f"no function is named {name}: what is said of it is out of date")
        return found

    def entry(self, name):
        found = [at for at in self.named(name) if self.names[at] == name]
        if len(found) != 1:
            raise Unbounded(f"{len(found)} functions are named {name}")
        return found[0]


class Node:
    """One instruction: its cost, its successors in the function, whether it returns."""

    def __init__(self, following, callee=None, leaves=False):
        self.following, self.callee, self.leaves, self.cost = following, callee, leaves, 1


def node_of(body, at):
    word, operands = body[at]
    target = TARGET.search(operands)
    target = int(target[1], 16) if target else None
    if word in ("ret", "eret"):
        return Node([], leaves=True)
    if word in ("br", "blr"):
        raise Unbounded(f"an indirect call or jump at {at:x}")
    if word in ("brk", "udf"):
        return Node([])
    if word == "bl":
        return Node([at + 4], callee=target)
    if word == "b":
        return Node([target]) if target in body else Node([], callee=target, leaves=True)
    if BRANCH.match(word):
        if target not in body:
            raise Unbounded(f"a branch into the middle of another function at {at:x}")
        return Node([at + 4, target])
    return Node([at + 4])


def reached(start, edges):
    seen, work = set(), [start]
    while work:
        at = work.pop()
        if at not in seen:
            seen.add(at)
            work += edges(at)
    return seen


class Paths:
    """Longest paths through `code` that do not enter the functions `cut`.

    `bounds` tells of a function with loops how often each turns at most, in the order of their
    addresses. A loop from load-exclusive to store-exclusive that jumps back only on the store's
    status needs none and counts once: it is repeated only when another core, or an interrupt,
    came in between."""

    def __init__(self, code, cut=(), bounds=None):
        self.code, self.bounds = code, bounds or {}
        self.cut = {at for name in cut for at in code.named(name)}
        self.active, self.touched, self.bounded = [], set(), set()
        self.longest = functools.cache(self._longest)

    def of(self, name):
        length = self.longest(self.code.entry(name))
        if length is None:
            raise Unbounded(f"{name} never returns")
        return length

    def where(self):
        return " > ".join(self.code.names[at] for at in self.active)

    def _longest(self, start):
        """From the function's first instruction to its return; None: it does not return."""
        if start not in self.code.names:
            raise Unbounded(f"a call into the middle of a function at {start:x}")
        if start in self.active:
            raise Unbounded(f"a recursion of {self.code.names[start]} ({self.where()})")
        self.active.append(start)
        self.touched.add(self.code.names[start].split(".")[0])
        graph = self.graph(self.code.bodies[start], start)
        length = self.through(graph, start) if start in graph else None
        self.active.pop()
        return length

    def graph(self, body, start):
        """The nodes on paths from the start to a return."""
        graph = {}

        def add(at):
            if at not in body:
                raise Unbounded(f"the code runs out of its function at {at:x}")
            node = graph[at] = node_of(body, at)
            node.word, node.operands = body[at]
            if node.callee is not None:
                inner = None if node.callee in self.cut else self.longest(node.callee)
                if inner is None:
                    node.following, node.leaves = [], False
                node.cost += inner or 0
            return node.following

        before = {}
        for at in reached(start, add):
            for to in graph[at].following:
                before.setdefault(to, []).append(at)
        leaving = [at for at, node in graph.items() if node.leaves]
        alive = set().union(*(reached(at, lambda at: before.get(at, [])) for at in leaving))
        graph = {at: node for at, node in graph.items() if at in alive}
        for node in graph.values():
            node.following = [to for to in node.following if to in alive]
        return graph

    def through(self, graph, start):
        loops = self.take_loops_out(graph, start)
        bounds = self.bounds_of(graph, loops)
        for head, body in sorted(loops.items(), key=lambda loop: len(loop[1])):  # inner ones first
            turn = longest_way(graph, head, body, lambda at, head=head: head in graph[at].back)
            graph[head].cost += (bounds[head] - 1) * turn
        return longest_way(graph, start, graph.keys(), lambda at: graph[at].leaves)

    def take_loops_out(self, graph, start):
        """{head: nodes of its loop}; moves the jumps back from `following` to `back`."""
        before, loops = {}, {}
        for at, node in graph.items():
            node.back = set()
            for to in node.following:
                before.setdefault(to, []).append(at)
        for at, head in backward_edges(graph, start):
            if head != at and at in reached(start, lambda at, head=head: [
                    to for to in graph[at].following if to != head]) and head != start:
                raise Unbounded(f"a loop with two entries at {head:x} ({self.where()})")
            graph[at].back.add(head)
            loops.setdefault(head, {head}).update(
                reached(at, lambda at, head=head: before.get(at, []) if at != head else []))
        for node in graph.values():
            node.following = [to for to in node.following if to not in node.back]
        return loops

    def bounds_of(self, graph, loops):
        name = self.code.names[self.active[-1]].split(".")[0]
        declared, bounds = list(self.bounds.get(name, ())), {}
        for head, body in sorted(loops.items()):
            if is_spin(graph, head, body):
                bounds[head] = 1
            elif declared:
                bounds[head] = declared.pop(0)
                self.bounded.add(name)
            else:
                raise Unbounded(f"a loop at {head:x} ({self.where()})")
        return bounds


def is_spin(graph, head, body):
    """A loop that the processor asks for: every jump back is a cbnz of what the one store-exclusive,
    right before it, has just said."""
    words = [graph[at].word for at in body]
    kinds = [sum(bool(kind.match(word)) for word in words) for kind in (EXCLUSIVE_LOAD, EXCLUSIVE_STORE)]
    if kinds != [1, 1] or len(body) > SPIN_MOST or any(graph[at].callee for at in body):
        return False
    for at in body:
        if head not in graph[at].back:
            continue
        store = graph.get(at - 4)
        if graph[at].word != "cbnz" or not store or not EXCLUSIVE_STORE.match(store.word):
            return False
        if graph[at].operands.split(",")[0] != store.operands.split(",")[0]:
            return False
    return True


def backward_edges(graph, start):
    """Edges to a node that the search has entered and not left yet."""
    edges, entered, left = [], {start}, set()
    work = [(start, iter(graph[start].following))]
    while work:
        at, rest = work[-1]
        for to in rest:
            if to not in entered:
                entered.add(to)
                work.append((to, iter(graph[to].following)))
                break
            if to not in left:
                edges.append((at, to))
        else:
            left.add(at)
            work.pop()
    return edges


def longest_way(graph, start, inside, ends):
    """Cost of the most expensive path from `start` to an end; there are no loops any more."""
    @functools.cache
    def way(at):
        rest = [way(to) for to in graph[at].following if to in inside]
        rest = [length for length in rest if length is not None] + ([0] if ends(at) else [])
        return graph[at].cost + max(rest) if rest else None
    return way(start)
