"""The real programs of the suite: how each is started, on which input, and the settings that make it use malloc."""
# SPDX-License-Identifier: MIT
import dataclasses
import glob
import os
import shutil

from programs import inputs

WORK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "work")
# An interpreter that comes before the system's in PATH may be a script that starts another.
SYSTEM_PATH = "/usr/bin:/bin:/usr/local/bin"


@dataclasses.dataclass(frozen=True)
class Program:
    name: str
    does: str
    command: tuple  # {in} is the folder of inputs, {work} that of our scripts, {n} a size
    stdin: str = ""
    sizes: tuple = (0, 0)  # {n}, full and quick
    env: tuple = ()  # pairs; most make an interpreter with its own small allocator use malloc
    tree: bool = False  # several processes at a time: their memory is sampled and summed
    server: tuple = ()  # the client's command: `command` is then a server that it drives
    stop: tuple = ()  # the command that ends that server
    socket: str = "socket"  # which file in {folder} tells that the server listens
    ready: tuple = ()  # a command that succeeds when the server answers; empty: it does when it listens
    cluster: bool = False  # {data} is a copy of the PostgreSQL cluster
    long: bool = False  # left out of a quick run


PROGRAMS = (
    Program("python3", "JSON to objects and back", ("python3", "-s", "-S", "{work}/objects.py", "{in}/data.json"),
            env=(("PYTHONMALLOC", "malloc"), ("PYTHONHASHSEED", "1"))),
    Program("perl", "word counts", ("perl", "{work}/words.pl", "{in}/text.txt"),
            env=(("PERL_HASH_SEED", "1"),)),
    Program("lua", "trees and strings", ("lua5.4", "{work}/trees.lua", "{n}"), sizes=(200, 30)),
    Program("ruby", "table to objects", ("ruby", "--disable-gems", "{work}/records.rb", "{in}/table.csv")),
    Program("php", "JSON to pages", ("php", "-n", "{work}/pages.php", "{in}/data.json"),
            env=(("USE_ZEND_ALLOC", "0"),)),
    Program("gawk", "table by keys", ("gawk", "-f", "{work}/table.awk", *3 * ("{in}/table.csv",))),
    Program("node", "JSON to buffers", ("node", "{work}/documents.js", "{in}/data.json")),
    Program("g++", "compiles at -O2", ("g++", "-std=c++17", "-O2", "-pipe", "-c", "{in}/unit.cc", "-o", "/dev/null"),
            tree=True),
    Program("clang++", "compiles at -O1", ("clang++", "-std=c++17", "-O1", "-c", "{in}/unit.cc", "-o", "/dev/null")),
    Program("cppcheck", "checks C sources", ("cppcheck", "--quiet", "--enable=style", "{in}/unit.c")),
    Program("z3", "solves a puzzle", ("z3", "{in}/logic.smt2")),
    Program("sqlite3", "joins in memory", ("sqlite3", ":memory:"), stdin="{in}/units.sql"),
    Program("jq", "regroups JSON", ("jq", "-c", "-f", "{work}/report.jq", "{in}/data.json")),
    Program("xmllint", "parses XML", ("xmllint", "--noout", "--xpath", "count(//item[@price > 50]/name)",
                                      "{in}/data.xml")),
    Program("git", "packs a history", ("git", "-C", "{in}/history.git", "-c", "pack.threads=2", "pack-objects",
                                       "-q", "--all", "--stdout", "--no-reuse-delta", "--no-reuse-object"),
            stdin="/dev/null"),
    Program("redis", "serves keys", ("redis-server", "--port", "0", "--unixsocket", "{socket}", "--save", "",
                                     "--daemonize", "no", "--loglevel", "warning"),
            sizes=(150000, 20000),
            server=("redis-benchmark", "-s", "{socket}", "-q", "-n", "{n}", "-r", "100000", "-P", "8", "-d", "100",
                    "-t", "set,get,lpush,hset,sadd,zadd"),
            stop=("redis-cli", "-s", "{socket}", "shutdown", "nosave")),
    Program("perl-index", "an index by words", ("perl", "{work}/index.pl", "{in}/text.txt"),
            env=(("PERL_HASH_SEED", "1"),), long=True),
    Program("ruby-notes", "objects and strings", ("ruby", "--disable-gems", "{work}/notes.rb", "{in}/text.txt"),
            long=True),
    Program("php-lists", "objects in lists", ("php", "-n", "{work}/lists.php", "{in}/text.txt"),
            env=(("USE_ZEND_ALLOC", "0"),), long=True),
    Program("gawk-pairs", "arrays of arrays", ("gawk", "-f", "{work}/pairs.awk", "{in}/text.txt"), long=True),
    Program("sqlite-blobs", "blobs to 60 kB", ("sqlite3", ":memory:"), stdin="{in}/blobs.sql", long=True),
    Program("sqlite-rows", "a statement a row", ("sqlite3", ":memory:"), stdin="{in}/rows.sql", long=True),
    Program("postgres", "serves pgbench", ("postgres", "-D", "{data}", "-c", "listen_addresses=",
                                           "-c", "unix_socket_directories={folder}", "-c", "fsync=off",
                                           "-c", "autovacuum=off"),
            sizes=(4000, 300), tree=True, cluster=True, long=True, socket=".s.PGSQL.5432",
            server=("pgbench", "-h", "{folder}", "-U", "bench", "-n", "-c", "2", "-t", "{n}",
                    "--random-seed=1", "postgres"),
            ready=("pg_isready", "-q", "-h", "{folder}"),
            stop=("pg_ctl", "-D", "{data}", "-w", "-m", "fast", "stop")),
    Program("c++-maps", "maps, sets and strings", ("program_maps", "{in}/text.txt")),
    Program("jq-large", "regroups more JSON", ("jq", "-c", "-f", "{work}/report.jq", "{in}/large.json"), long=True),
    Program("grow-20", "20 MB, 30 times", ("program_grow", "20", "{n}"), sizes=(30, 5)),
    Program("grow-60", "60 MB, 10 times", ("program_grow", "60", "{n}"), sizes=(10, 2), long=True),
    Program("grow-200", "200 MB", ("program_grow", "200", "{n}"), sizes=(2, 1), long=True),
    Program("grow-600", "600 MB", ("program_grow", "600"), long=True),
    Program("grow-2000", "2 GB", ("program_grow", "2000"), long=True),
    Program("grow-shrink", "200 MB, falls, grows", ("program_grow", "200", "shrink", "{n}"), sizes=(2, 1), long=True),
)


def find(command, context):
    """The program's path, or None if it is not installed; program_... belong to the suite."""
    if command.startswith("program_"):
        return context.tool(command) if context.has_tool(command) else None
    folder = inputs.postgres_folder()
    path = shutil.which(command, path=f"{SYSTEM_PATH}:{folder}" if folder else SYSTEM_PATH)
    if path or command != "clang++":
        return path
    found = sorted(glob.glob("/usr/bin/clang++-*"))
    return found[-1] if found else None
