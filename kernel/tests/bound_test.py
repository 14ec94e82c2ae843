#!/usr/bin/env python3
"""Tests bound.py: longest paths of small pieces of assembly with known answers, and each refusal."""
# SPDX-License-Identifier: MIT
import os
import subprocess
import sys
import tempfile

from bound import Code, Paths, Unbounded

SOURCE = """
.macro function name
    .global \\name
    .type \\name, %function
    \\name:
.endm
function straight
    mov x0, 1
    ret
function branches       // 2 + max(2, 3) + 1
    cmp x0, 0
    b.eq 1f
    nop
    b 2f
1:  nop
    nop
    nop
2:  ret
function calls          // stp bl(7 inside) bl(2 inside) ldp ret
    stp x29, x30, [sp, -16]!
    bl branches
    bl straight
    ldp x29, x30, [sp], 16
    ret
function tail           // nop b(2 inside)
    nop
    b straight
function loop           // mov, 4 turns of 3, ret
    mov x1, 4
1:  nop
    subs x1, x1, 1
    b.ne 1b
    ret
function nested         // 1 + 3 * (1 + 2 * 2 + 2) + 1
    mov x1, 3
1:  mov x2, 2
2:  subs x2, x2, 1
    b.ne 2b
    subs x1, x1, 1
    b.ne 1b
    ret
function exclusive      // one turn of 4, ret
1:  ldaxr w1, [x0]
    add w1, w1, 1
    stlxr w2, w1, [x0]
    cbnz w2, 1b
    ret
function compares       // repeated when the value is another one: no more exempt than any loop
1:  ldaxr w1, [x0]
    cmp w1, w3
    b.ne 1b
    stlxr w2, w4, [x0]
    cbnz w2, 1b
    ret
function acquires       // a plain load with acquire makes no loop harmless
1:  ldar w1, [x0]
    stlr w1, [x0]
    cbnz w1, 1b
    ret
function recursive
    stp x29, x30, [sp, -16]!
    bl recursive
    ldp x29, x30, [sp], 16
    ret
function indirect
    blr x0
    ret
function switched
    br x0
function two_entries
    cbz x0, 2f
1:  nop
2:  nop
    cbnz x1, 1b
    ret
function stops
    brk 1
function may_stop       // cbz, mov, ret: what stops does not return
    cbz x0, 1f
    mov x0, 1
    ret
1:  nop
    nop
    bl stops
function rarely         // cbz, ret when the rare function is cut; cbz, nop, b and 2 more with it
    cbz x0, 1f
    ret
1:  nop
    b straight
"""

# function, functions cut, bounds, the answer or the refusal's words
CASES = [
    ("straight", (), {}, 2), ("branches", (), {}, 6), ("calls", (), {}, 5 + 6 + 2),
    ("tail", (), {}, 4), ("loop", (), {"loop": [4]}, 14), ("loop", (), {}, "a loop"),
    ("nested", (), {"nested": [3, 2]}, 23), ("nested", (), {"nested": [3]}, "a loop"),
    ("exclusive", (), {}, 5), ("compares", (), {}, "a loop"), ("compares", (), {"compares": [1]}, 6),
    ("acquires", (), {}, "a loop"), ("recursive", (), {}, "a recursion"),
    ("indirect", (), {}, "an indirect call"), ("switched", (), {}, "an indirect call"),
    ("two_entries", (), {"two_entries": [9]}, "two entries"), ("may_stop", (), {}, 3),
    ("stops", (), {}, "never returns"), ("rarely", ("straight",), {}, 2), ("rarely", (), {}, 5),
    ("gone", (), {}, "no function is named"), ("rarely", ("gone",), {}, "no function is named"),
]


def answer(code, function, cut, bounds):
    try:
        return Paths(code, cut, bounds).of(function)
    except Unbounded as why:
        return str(why)


def main():
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        made = os.path.join(folder, "pieces.o")
        subprocess.run(["aarch64-linux-gnu-gcc", "-c", "-x", "assembler-with-cpp", "-", "-o", made],
                       input=SOURCE.encode(), check=True)
        code = Code("aarch64-linux-gnu-objdump", made)
    for function, cut, bounds, wanted in CASES:
        found = answer(code, function, cut, bounds)
        if found != wanted and not (isinstance(wanted, str) and wanted in str(found)):
            wrong.append(f"{function}: {found}, not {wanted}")
    print("not ok - bound" if wrong else "ok - bound")
    for what in wrong:
        print("#   " + what)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
