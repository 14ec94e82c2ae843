#!/usr/bin/env python3
"""Tests metrics=unix:PATH with real clients: text and HTTP, forks, exec, ends, stale files, mistakes.

    tests/options/socket_test.py LIB HELPER      HELPER: tests/options/serve.c
"""
# SPDX-License-Identifier: MIT
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time

LIB, HELPER = (os.path.realpath(path) for path in sys.argv[1:3])
WORK = tempfile.mkdtemp()
failed = 0


def verdict(right, what):
    global failed
    failed += not right
    print("ok -" if right else "not ok -", what)


class Program:
    """A helper under the library, driven by lines."""

    def __init__(self, options):
        environment = {key: value for key, value in os.environ.items() if key not in ("HEAPALLOC", "LD_PRELOAD")}
        environment.update(LD_PRELOAD=LIB, **({"HEAPALLOC": options} if options else {}))
        self.run = subprocess.Popen([HELPER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True, bufsize=1)
        self.number = int(self.run.stdout.readline())

    def say(self, line):
        self.run.stdin.write(line + "\n")
        self.run.stdin.flush()

    def ask(self, line):
        self.say(line)
        return self.run.stdout.readline().strip()

    def end(self, line="done"):
        """Ends it; returns the exit code and what is on stderr."""
        self.say(line)
        self.run.stdin.close()
        code = self.run.wait(timeout=60)
        return code, self.run.stderr.read()


def read(path, request=b""):
    """All that the socket answers."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        client.settimeout(60)
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        parts = []
        while part := client.recv(65536):
            parts.append(part)
    return b"".join(parts).decode()


def is_whole(text, number):
    return text.startswith("# HELP heapalloc_") and text.endswith("# EOF\n") and 'pid="%d"' % number in text


def refuses(path):
    try:
        read(path)
    except OSError:
        return True
    return False


class HttpOverUnix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.host)


def eventually(condition):
    """True as soon as it holds; another process works on it."""
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_clients():
    path = WORK + "/a"
    program = Program("metrics=unix:" + path)
    verdict(program.ask("threads") == "2", "a program that asks has one thread more")
    verdict(is_whole(read(path), program.number), "a client that sends nothing gets the text")
    verdict(is_whole(read(path, b"hello\r\n"), program.number), "so does one that sends something else")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(path)
        verdict(is_whole(read(path), program.number), "a client that stays silent is not waited for")
        verdict(silent.recv(10).startswith(b"# HELP"), "and gets the text")
    connection = HttpOverUnix(path)
    connection.request("GET", "/metrics", headers={"X-Long": "x" * 3000})
    answer = connection.getresponse()
    kind, text = answer.getheader("content-type"), answer.read().decode()
    verdict(answer.status == 200 and kind.startswith("application/openmetrics-text"), "HTTP has a status and a type")
    verdict(is_whole(text, program.number), "and the text")
    for _ in range(20): # clients that leave at once
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
    verdict(is_whole(read(path), program.number), "clients that leave at once do no harm")
    verdict(os.stat(path).st_mode & 0o777 == 0o777 & ~umask(), "the file has the rights that umask leaves")
    code, said = program.end()
    verdict(code == 0 and said == "" and not os.path.exists(path),
            "the file goes with the process, and nothing is printed")


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_ends():
    path = WORK + "/b"
    program = Program("metrics=unix:" + path)
    verdict(program.end("end")[0] == 0, "a process ends with the last of its own threads")
    verdict(not os.path.exists(path), "and its file goes")
    verdict(Program("metrics=unix:" + path).end("abandon")[0] == 0 and os.path.exists(path),
            "a killed process leaves its file")
    program = Program("metrics=unix:" + path)
    verdict(is_whole(read(path), program.number), "which the next one replaces")
    other = Program("metrics=unix:" + path)
    code, said = other.end()
    verdict(code == 0 and "another process serves" in said, "a second process says that the socket is served")
    verdict(is_whole(read(path), program.number), "and leaves it to the first")
    os.unlink(path)
    program.end()
    open(path, "w").close()
    code, said = Program("metrics=unix:" + path).end()
    verdict("no socket" in said and os.path.exists(path), "a file that is no socket is left alone, which is said")


def test_forks():
    path = WORK + "/c"
    program = Program("metrics=unix:" + path)
    child = int(program.ask("fork"))
    verdict(is_whole(read("%s.%d" % (path, child)), child), "the child of a fork has a socket of its own")
    verdict(is_whole(read(path), program.number), "and its parent goes on")
    verdict(program.ask("done") == "back" and not os.path.exists("%s.%d" % (path, child)),
            "the child's file goes with it")
    verdict(is_whole(read(path), program.number), "the parent's does not")
    program.end()
    program = Program("metrics=unix:%s/%%e.%%p" % WORK)
    child = int(program.ask("fork"))
    verdict(is_whole(read("%s/options_serve.%d" % (WORK, child)), child), "%p is the child's number")
    program.ask("done")
    program.end()
    program = Program("children=no,metrics=unix:" + path)
    child = int(program.ask("fork"))
    verdict(program.ask("threads") == "1" and not os.path.exists("%s.%d" % (path, child)), "children=no: it has none")
    program.ask("done")
    program.end()


def test_changes():
    path, other = WORK + "/d", WORK + "/e"
    program = Program("")
    files = program.ask("files")
    verdict(program.ask("threads") == "1", "a program that does not ask has no thread")
    verdict(program.ask("set unix:" + path) == "ok" and is_whole(read(path), program.number), "a call opens a socket")
    program.ask("set unix:" + other)
    verdict(is_whole(read(other), program.number) and refuses(path), "and another one instead")
    program.ask("close")
    verdict(eventually(lambda: not refuses(other) and is_whole(read(other), program.number)),
            "a program that closes all files has a new socket")
    program.ask("set " + WORK + "/text")
    verdict(refuses(other) and not os.path.exists(other), "a file instead of a socket closes it")
    verdict(eventually(lambda: program.ask("threads") == "1" and program.ask("files") == files), "nothing is left")
    program.end()


def test_mistakes():
    code, said = Program("metrics=unix:/nowhere/x").end()
    verdict(code == 0 and said.count("cannot write metrics to /nowhere/x, error 2") == 1, "no such folder: said once")
    code, said = Program("metrics=unix:%s/%s" % (WORK, "x" * 100)).end()
    verdict(code == 0 and "107 bytes" in said, "a path that is too long is told")
    path = "%s/%s" % (WORK, "y" * (106 - len(WORK)))
    program = Program("metrics=unix:" + path)
    verdict(len(path) == 107 and is_whole(read(path), program.number), "the longest path serves")
    program.end()


for test in (test_clients, test_ends, test_forks, test_changes, test_mistakes):
    test()
for name in os.listdir(WORK):
    os.unlink(os.path.join(WORK, name))
os.rmdir(WORK)
sys.exit(failed > 0)
