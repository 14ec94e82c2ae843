"""One machine under QEMU: how it is started, its output, how it ended."""
# SPDX-License-Identifier: MIT
import dataclasses
import os
import struct
import subprocess
import time

QEMU = "qemu-system-aarch64"
RAM_START = 0x40000000
LOADED_AT, TREE_AT, STUB_AT = 0x43a00000, 0x44000000, 0x45000000  # of the `loader` form
HANG = 124


class Wrong(Exception):
    """A run that failed."""


@dataclasses.dataclass(frozen=True)
class Machine:
    """The emulator's command line, and what the kernel must find in that machine."""
    cpu: str = "cortex-a72"
    gic: int = 2
    el2: bool = False
    cores: int = 4
    memory: str = "128M"
    form: str = "image"  # heap.img, heap.elf, or heap.img put elsewhere by a little loader
    program: str = "heap"
    semihosting: bool = True
    secure: bool = False
    extra: tuple = ()

    def name(self):
        level = "el2" if self.el2 else "el1"
        return f"{self.cpu} gic{self.gic} {level} smp{self.cores} {self.memory} {self.form}"

    def promises(self):
        return f"ram={self.memory} cores={self.cores} el={2 if self.el2 else 1} gic={self.gic}"

    def words(self):
        kind = "virt" + (",gic-version=3" if self.gic == 3 else "")
        kind += ",virtualization=on" if self.el2 else ""
        kind += ",secure=on" if self.secure else ""
        return [QEMU, "-nodefaults", "-display", "none", "-monitor", "none", "-serial", "stdio",
                *(["-semihosting"] if self.semihosting else []),
                "-M", kind, "-cpu", self.cpu, "-smp", str(self.cores), "-m", self.memory,
                *self.extra]


@dataclasses.dataclass
class Outcome:
    """A run's console output and how it ended; code 124 is a hang."""
    lines: list
    code: int
    seconds: float


def execute(words, script="", timeout=300):
    start = time.monotonic()
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        try:
            text, _ = process.communicate(script.encode(), timeout)
            code = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            text, _ = process.communicate()
            code = HANG
    lines = text.decode(errors="replace").replace("\r", "").splitlines()
    return Outcome(lines, code, time.monotonic() - start)


def boot(images, machine, arguments, script="", timeout=300):
    """Starts an image with boot arguments; the script is typed on its console."""
    if machine.form == "loader":
        tree = make_tree(images, machine, arguments)
        return boot_by_loader(images, machine, tree, script=script, timeout=timeout)
    kernel = os.path.join(images.folder,
                          f"{machine.program}.{'elf' if machine.form == 'elf' else 'img'}")
    return execute([*machine.words(), "-kernel", kernel, "-append", arguments], script, timeout)


# ---- trees, and a boot loader of four instructions -----------------------------------------------

def tool(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, **options).stdout


def make_tree(images, machine, arguments=None, source_edit=None):
    """The path of the emulator's own tree for a machine, with boot arguments or edits of its source."""
    path = images.scratch("tree")
    words = machine.words()
    at = words.index("-M") + 1
    words[at] += f",dumpdtb={path}.raw"
    tool(*words)
    source = tool("dtc", "-q", "-I", "dtb", "-O", "dts", f"{path}.raw").decode()
    if arguments is not None:
        source += f'/ {{ chosen {{ bootargs = "{arguments}"; }}; }};\n'
    if source_edit is not None:
        source = source_edit(source)
    tool("dtc", "-q", "-I", "dts", "-O", "dtb", "-o", f"{path}.dtb", input=source.encode())
    return f"{path}.dtb"


def boot_by_loader(images, machine, tree, tree_at=TREE_AT, pointer=None, script="", timeout=300):
    """Puts image and tree somewhere, and jumps there with x0 = pointer, like a boot loader.

    The memory behind the image, which the image's header claims, is full of garbage."""
    image = images.scratch("image")
    with open(os.path.join(images.folder, "heap.img"), "rb") as file:
        content = file.read()
    with open(image, "wb") as file:
        file.write(content.ljust(struct.unpack_from("<Q", content, 16)[0], b"\xa5"))
    stub = images.scratch("stub")
    with open(stub, "wb") as file:  # ldr x0, tree; ldr x1, image; br x1
        file.write(struct.pack("<4I2Q", 0x58000080, 0x580000a1, 0xd61f0020, 0xd503201f,
                               tree_at if pointer is None else pointer, LOADED_AT))
    words = machine.words()
    for file, place in ((image, f"{LOADED_AT:#x},force-raw=on"),
                        (tree, f"{tree_at:#x},force-raw=on"), (stub, f"{STUB_AT:#x},cpu-num=0")):
        words += ["-device", f"loader,file={file},addr={place}"]
    return execute(words, script, timeout)
