# gdb commands for heapalloc's heap in live processes and core files: `heap info|walk|block|bins|leaks`.
# SPDX-License-Identifier: MIT
#
# gdb loads this file by itself if it lies next to the library as LIBRARY-gdb.py, in a folder that gdb trusts (option
# auto-load safe-path); otherwise use `source heapalloc-gdb.py`. It reads only the heap map (heapalloc/map.h), so it
# needs no debug information.
import array
import bisect
import re
import struct

import gdb

MAGIC = b"heapalloc map\n\0\0"
VERSION = 4
FREE, SLAB, MEDIUM, LARGE, LEAVING, META, POOL, ARENA = 1, 3, 4, 5, 6, 7, 8, 9
ROOTS = "span_home span_list span_count heaps secret block_end classes redzones named"
LAYOUT = (
    "unit_bytes granule_bytes class_count spans_max class_bytes class_block_bytes span_bytes span_base span_size "
    "span_lines span_slots span_top_units line_bytes unit_owner unit_free unit_memory unit_count unit_remote "
    "unit_recip unit_used unit_resident unit_carved unit_size unit_class unit_kind unit_flags unit_purged slot_bytes "
    "granule_before granule_head block_next block_key heap_bytes heap_state heap_next_all heap_bin heap_classes "
    "size_class_bytes size_class_current size_class_attached size_class_partial named_bytes named_next named_object "
    "named_name named_kind arena_bytes arena_reserved arena_spare arena_memory arena_open arena_own collected_bytes "
    "collected_used collected_reserved pool_bytes pool_secret pool_last pool_slabs pool_manager pool_block_bytes "
    "pool_recip pool_slab_count manager_bytes manager_tail unit_next unit_start_limit"
)
SAMPLED = 1 << 26  # of a used granule's head: the block may have red zones
HEAD_BYTES, FILL_BYTES, PLACES = 16, 8, (16, 2048, 4096)  # of red zones; where in a medium block a caller's may begin
NAME_BYTES = 40  # of an entry of the named list
EACH_BYTE = 0x0101010101010101
STATES = {1: "live", 2: "free", 3: "kept", 4: "kept"}


class Heap:
    """A heap as its map describes it. Every read may fail: gdb.MemoryError becomes a sentence."""

    def __init__(self):
        self.memory = gdb.selected_inferior()
        address = self.find()
        head = self.bytes(address, 32)
        magic, version, size, self.safety, self.sum = struct.unpack("<16sIIII", head)
        if magic != MAGIC:
            raise gdb.GdbError("there is no heap map at 0x%x" % address)
        if version != VERSION:
            raise gdb.GdbError("the heap map has version %d, this script reads %d" % (version, VERSION))
        roots, layout = ROOTS.split(), LAYOUT.split()
        # The struct ends at a multiple of 8 bytes.
        if size != (32 + 8 * len(roots) + 4 * len(layout) + 7) // 8 * 8:
            raise gdb.GdbError("the heap map is damaged")
        body = self.bytes(address + 32, 8 * len(roots) + 4 * len(layout))
        values = struct.unpack("<%dQ%dI" % (len(roots), len(layout)), body)
        self.roots = dict(zip(roots, values))
        for name, value in zip(roots + layout, values):
            if name != "heaps":  # a method's name too
                setattr(self, name, value)
        self.secret = self.number(self.secret, 8)
        if not self.safety:
            self.block_end = 0

    @staticmethod
    def find():
        try:
            return int(gdb.parse_and_eval("(unsigned long)&heapalloc_map"))
        except gdb.error:
            raise gdb.GdbError("heapalloc is not in this program, or its library is not loaded yet") from None

    def bytes(self, address, count):
        return self.memory.read_memory(address, count).tobytes()

    def number(self, address, width):
        return int.from_bytes(self.bytes(address, width), "little")

    def spans(self):
        """(base, lines, slots, units) of every span."""
        count = self.number(self.span_count, 4)
        if count > self.spans_max:
            raise gdb.GdbError("the number of spans is damaged: %d" % count)
        places = [self.span_home] + [self.number(self.span_list + 8 * i, 8) for i in range(count)]
        for place in filter(None, places):
            record = self.bytes(place, self.span_bytes)
            base, lines, slots = (field(record, at, 8) for at in (self.span_base, self.span_lines, self.span_slots))
            units = min(field(record, self.span_top_units, 4), field(record, self.span_size, 8) // self.unit_bytes)
            if lines and units:
                yield base, lines, slots, units

    def blocks(self):
        """(address, bytes, state, kind, class) of every block."""
        for base, lines, slots, units in self.spans():
            unit = 0
            while unit < units:
                line = self.bytes(lines + unit * self.line_bytes, self.line_bytes)
                kind, step = line[self.unit_kind], 1
                memory = base + unit * self.unit_bytes
                if kind in (FREE, LARGE, LEAVING, META, ARENA):
                    step = max(1, min(field(line, self.unit_count, 4), units - unit))
                if kind == SLAB:
                    yield from self.slab(line, memory)
                elif kind == META and memory == self.number(self.redzones, 8):
                    yield from self.zoned(memory)
                elif kind == MEDIUM:
                    while unit + step < units and self.kind(lines, unit + step) == MEDIUM:
                        step += 1
                    yield from self.medium(memory, slots, unit, step)
                elif kind in (FREE, LARGE, LEAVING, POOL, ARENA):
                    state = {FREE: "free", LEAVING: "kept"}.get(kind, "live")
                    name = {POOL: "pool", ARENA: "arena"}.get(kind, "large")
                    yield memory, step * self.unit_bytes, state, name, 0
                unit += step

    def named_objects(self):
        """(kind, name) of every pool and arena that has a name."""
        entry = self.number(self.named, 8)
        for _ in range(1 << 20):
            if not entry:
                return
            record = self.bytes(entry, self.named_bytes)
            name = record[self.named_name : self.named_name + NAME_BYTES].split(b"\0")[0]
            kind = {0: "pool", 1: "arena", 2: "collected"}.get(field(record, self.named_kind, 4), "damaged")
            if name and field(record, self.named_object, 8):
                yield kind, name.decode("utf-8", "replace")
            entry = field(record, self.named_next, 8)

    def kind(self, lines, unit):
        return self.number(lines + unit * self.line_bytes + self.unit_kind, 1)

    def slab(self, line, memory):
        size, carved = field(line, self.unit_size, 2), field(line, self.unit_carved, 2)
        if size == 0 or size * carved > self.unit_bytes:
            raise gdb.GdbError("the line of the slab at 0x%x is damaged" % memory)
        content = self.bytes(memory, size * carved)
        listed = self.listed(line, memory) if not self.safety else None
        for offset in range(0, size * carved, size):
            if offset < 16384 and line[self.unit_purged] >> offset // 4096 & 1:
                continue
            free = memory + offset in listed if listed is not None else self.is_free(content, offset, memory + offset)
            yield memory + offset, size, "free" if free else "live", "small", line[self.unit_class]

    def is_free(self, content, offset, address):
        following = field(content, offset + self.block_next, 8)
        mixed = (address + following) % 2**64 if self.sum else address ^ following
        return field(content, offset + self.block_key, 8) == mixed ^ self.secret

    def listed(self, line, memory):
        """The fast build marks no free block: they are those in the slab's lists and in its owner's bin."""
        remote, owner = field(line, self.unit_remote, 4), field(line, self.unit_owner, 8)
        found = set(self.follow(field(line, self.unit_free, 8), 2048))
        found.update(self.follow(memory + (remote % self.unit_bytes & ~15), remote // self.unit_bytes))
        if owner:
            found.update(self.follow(self.number(owner + self.heap_bin + 8 * line[self.unit_class], 8), 2048))
        return found

    def follow(self, block, most):
        for _ in range(most):
            if block == self.block_end:
                return
            try:
                following = self.number(block + self.block_next, 8)
            except gdb.MemoryError:
                return
            yield block
            block = following

    def medium(self, memory, slots, unit, units):
        granules = units * self.unit_bytes // self.granule_bytes
        first = slots + unit * (self.unit_bytes // self.granule_bytes) * self.slot_bytes
        table = self.bytes(first, granules * self.slot_bytes)
        at = 0
        while at < granules:
            head = field(table, at * self.slot_bytes + self.granule_head, 4)
            count, state = head & 2**26 - 1, STATES.get(head >> 28)
            if state is None or not 0 < count <= granules - at:
                at += 1
                continue
            address, size = memory + at * self.granule_bytes, count * self.granule_bytes
            if state == "live" and head & SAMPLED:
                address, size = self.within(address, size)
            yield address, size, state, "medium", 0
            at += count

    def mark(self, address, size, salt):
        """What the word before a block with red zones is: lib/heap/redzone_mark.h."""
        x = ((address ^ self.secret) * 0x9E3779B97F4A7C15 + size) % 2**64
        x = (x ^ x >> 29) * 0xBF58476D1CE4E5B9 % 2**64
        return (x >> 8 * salt | 0x80 * EACH_BYTE) & 0xFE * EACH_BYTE & 2**48 - 1 | 0x8003 << 48

    def zoned(self, memory):
        """The region of small blocks with red zones: each lies behind its size and a mark."""
        used = min(self.number(self.redzones + 8, 8), self.number(self.redzones + 16, 8))
        content, at = self.bytes(memory, used) if used else b"", HEAD_BYTES
        while at < used:
            size, mark = field(content, at - HEAD_BYTES, 8), field(content, at - FILL_BYTES, 8)
            state = {self.mark(memory + at, size, 0): "live", self.mark(memory + at, size, 1): "free"}.get(mark)
            if state and size < used:
                yield memory + at, size, state, "medium", 0
                at += size + FILL_BYTES + HEAD_BYTES
            at += HEAD_BYTES

    def within(self, memory, size):
        """(address, bytes) of the caller's part of a medium block that may have red zones."""
        for place in PLACES:
            if place < size:
                bytes_, mark = struct.unpack("<QQ", self.bytes(memory + place - HEAD_BYTES, HEAD_BYTES))
                if 0 < bytes_ <= size - place and mark == self.mark(memory + place, bytes_, 0):
                    return memory + place, bytes_
        return memory, size

    def heaps(self):
        heap, met = self.number(self.roots["heaps"], 8), 0
        while heap and met < 2**20:
            yield heap
            heap, met = self.number(heap + self.heap_next_all, 8), met + 1


class Leaks:
    """Marks the live blocks that can be reached from writable memory and registers, as the library does at exit."""

    PIECE = 1 << 20

    def __init__(self, heap):
        self.heap = heap
        live = sorted((block[0], block[1], block[3]) for block in heap.blocks() if block[2] == "live")
        self.starts = [block[0] for block in live]
        self.sizes = [block[1] for block in live]
        self.reached = [block[2] in ("pool", "arena") for block in live]
        self.todo = [index for index, reached in enumerate(self.reached) if reached]

    def look_at_words(self, words):
        low, high = self.starts[0], self.starts[-1] + self.sizes[-1]
        for word in words:
            if not low <= word < high:
                continue
            index = bisect.bisect_right(self.starts, word) - 1
            if word < self.starts[index] + self.sizes[index] and not self.reached[index]:
                self.reached[index] = True
                self.todo.append(index)

    def look_at(self, begin, end):
        """Pages that cannot be read are skipped: a core file may lack them."""
        begin += -begin % 8
        while begin < end:
            count = min(end - begin, self.PIECE)
            try:
                content = self.heap.bytes(begin, count // 8 * 8)
            except gdb.MemoryError:
                count = min(count, 4096 - begin % 4096)
                try:
                    content = self.heap.bytes(begin, count // 8 * 8)
                except gdb.MemoryError:
                    content = b""
            self.look_at_words(array.array("Q", content))
            begin += max(count, 8)

    def own(self):
        """The heap's spans with their tables, and their records: what points to a block there is no pointer of the
        program."""
        heap = self.heap
        count = heap.number(heap.span_count, 4)
        places = [heap.span_home] + [heap.number(heap.span_list + 8 * i, 8) for i in range(count)]
        for place in filter(None, places):
            record = heap.bytes(place, heap.span_bytes)
            base, size, lines = (field(record, at, 8) for at in (heap.span_base, heap.span_size, heap.span_lines))
            yield place, place + heap.span_bytes
            if base:
                yield lines - heap.line_bytes, base + size

    def mark(self):
        own = sorted(self.own())
        stack = stack_pointers()
        for begin, end in writable():
            used = [pointer for pointer in stack if begin <= pointer < end]
            if stack and begin <= stack[0] < end:  # of the first thread's stack only the part in use
                begin = min(used) - 128
            for first, last in own:
                if first >= end or last <= begin:
                    continue
                if first > begin:
                    self.look_at(begin, first)
                begin = max(begin, last)
            if begin < end:
                self.look_at(begin, end)
        self.look_at_words(registers())
        while self.todo:
            index = self.todo.pop()
            self.look_at(self.starts[index], self.starts[index] + self.sizes[index])


def threads():
    """Selects each thread in turn, the first one first, and then the one that was selected."""
    selected = gdb.selected_thread()
    for thread in sorted(gdb.selected_inferior().threads(), key=lambda each: each.num):
        thread.switch()
        yield thread
    if selected:
        selected.switch()


def stack_pointers():
    return [int(gdb.parse_and_eval("(unsigned long) $sp")) for _ in threads()]


def registers():
    words = array.array("Q")
    for _ in threads():
        frame = gdb.newest_frame()
        for register in frame.architecture().registers("general"):
            try:
                words.append(int(frame.read_register(register)) & 2**64 - 1)
            except (gdb.error, OverflowError, TypeError):
                pass
    return words


def writable():
    """(begin, end) of private writable mappings: of a process by its list, of a core file by its segments."""
    core = re.search(r"[Cc]ore dump file:\s+`(.*)',", gdb.execute("info files", to_string=True))
    if not core:
        with open("/proc/%d/maps" % gdb.selected_inferior().pid) as lines:
            for line in lines:
                found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw.p", line)
                if found:
                    yield int(found[1], 16), int(found[2], 16)
        return
    with open(core[1], "rb") as file:
        header = struct.unpack("<16sHHIQQQIHHHHHH", file.read(64))
        file.seek(header[5])
        for _ in range(header[10]):
            kind, flags, _, address, _, in_file, _, _ = struct.unpack("<IIQQQQQQ", file.read(56))
            if kind == 1 and flags & 2 and in_file:
                yield address, address + in_file


def field(record, offset, width):
    return int.from_bytes(record[offset : offset + width], "little")


def describe(block):
    address, size, state, kind, size_class = block
    return "0x%x %10d %s %s%s" % (address, size, state, kind, " %d" % size_class if size_class else "")


class Command(gdb.Command):
    """A subcommand of `heap`, whose errors are sentences."""

    def __init__(self, name, run, documentation):
        self.run = run
        self.__doc__ = documentation
        super().__init__("heap " + name, gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        try:
            self.run(Heap(), argument.split())
        except gdb.MemoryError as error:
            raise gdb.GdbError("the heap cannot be read: %s" % error) from None


def info(heap, _):
    sums = {state: [0, 0] for state in ("live", "kept", "free")}
    for _address, size, state, _kind, _class in heap.blocks():
        sums[state][0] += 1
        sums[state][1] += size
    print("heap map %d, %s build" % (VERSION, ("fast", "default", "hardened")[heap.safety]))
    for state, (count, size) in sums.items():
        print("%-4s %12d bytes in %d blocks" % (state, size, count))
    for base, _lines, _slots, units in heap.spans():
        print("span 0x%x, %d units of %d bytes used" % (base, units, heap.unit_bytes))
    counts = {}
    for kind_and_name in heap.named_objects():
        counts[kind_and_name] = counts.get(kind_and_name, 0) + 1
    for (kind, name), count in counts.items():
        print("%s %s%s" % (kind, ascii(name)[1:-1], " (%d)" % count if count > 1 else ""))


def walk(heap, words):
    wanted = words[0] if words else None
    if wanted not in (None, "live", "kept", "free"):
        raise gdb.GdbError("heap walk takes live, kept, free or nothing")
    for block in heap.blocks():
        if wanted in (None, block[2]):
            print(describe(block))


def one_block(heap, words):
    if not words:
        raise gdb.GdbError("heap block takes an address")
    address = int(gdb.parse_and_eval("(unsigned long)(%s)" % " ".join(words)))
    for block in heap.blocks():
        if block[0] <= address < block[0] + block[1]:
            print(describe(block))
            if address > block[0]:
                print("0x%x is %d bytes into it" % (address, address - block[0]))
            return
    raise gdb.GdbError("0x%x is in no block of the heap" % address)


def bins(heap, _):
    for number, place in enumerate(heap.heaps()):
        state = {0: "none", 1: "live", 2: "parked", 3: "left by a fork"}.get(
            heap.number(place + heap.heap_state, 4), "damaged")
        print("heap %d at 0x%x, %s" % (number, place, state))
        for index in range(1, heap.class_count):
            count = 0
            for block in heap.follow(heap.number(place + heap.heap_bin + 8 * index, 8), 8192):
                if heap.safety and not heap.is_free(heap.bytes(block, 16), 0, block):
                    print("  0x%x was written to after it was freed" % block)
                    break
                count += 1
            size = heap.number(heap.classes + index * heap.class_bytes + heap.class_block_bytes, 2)
            if count:
                print("  %5d bytes: %d blocks" % (size, count))


def leaks(heap, _):
    search = Leaks(heap)
    if search.starts:
        try:
            search.mark()
        except OSError as error:
            raise gdb.GdbError("the memory cannot be listed: %s" % error) from None
    lost = [index for index, reached in enumerate(search.reached) if not reached]
    if not lost:
        print("no leaks: all of %d live blocks can be reached" % len(search.starts))
        return
    print("leaks: %d bytes in %d blocks that nothing points to" % (sum(search.sizes[i] for i in lost), len(lost)))
    by_size = {}
    for index in lost:
        by_size.setdefault(search.sizes[index], []).append(search.starts[index])
    for size, places in sorted(by_size.items(), key=lambda each: -each[0] * len(each[1])):
        print("%12d of %d bytes, the first at 0x%x" % (len(places), size, places[0]))


class Prefix(gdb.Command):
    """Look into a heap of heapalloc's: heap info, heap walk, heap block ADDRESS, heap bins, heap leaks."""

    def __init__(self):
        super().__init__("heap", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)


Prefix()
Command("info", info, "How much is live, kept and free, and the spans.")
Command("walk", walk, "Every block: address, bytes, state, kind, class. heap walk [live|kept|free]")
Command("block", one_block, "The block that an address lies in. heap block ADDRESS")
Command("bins", bins, "What each thread's heap has ready in its bins.")
Command("leaks", leaks, "Live blocks that nothing points to any more, by size.")
