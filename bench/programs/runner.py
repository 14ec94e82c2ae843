"""Runs one program of the catalog once under one allocator; a server is driven by its client."""
# SPDX-License-Identifier: MIT
import os
import shutil
import subprocess
import tempfile
import threading
import time

from programs import catalog, inputs
from suite import measure
from suite.allocators import Allocator
from suite.measure import CommandFailed

LIMIT_S = 120
SAMPLE_MS = 10
SERVER_START_S = 10


class Runner:
    def __init__(self, context, inputs):
        self._context, self._inputs = context, inputs
        self._own = {}

    def _fill(self, text, program, folder=""):
        size = self._context.choose(*program.sizes)
        values = {"{in}": self._inputs, "{work}": catalog.WORK, "{n}": str(size), "{folder}": folder,
                  "{socket}": os.path.join(folder, program.socket), "{data}": os.path.join(folder, "data")}
        for key, value in values.items():
            text = text.replace(key, value)
        return text

    def _command(self, words, program, folder=""):
        path = catalog.find(words[0], self._context)
        if path is None:
            raise CommandFailed(f"{words[0]} is not installed")
        return [path] + [self._fill(word, program, folder) for word in words[1:]]

    def _standing_in(self, allocator, path):
        """A program linked against an allocator of its own uses the system's only when libc is preloaded."""
        if allocator.path:
            return allocator
        if path not in self._own:
            text = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
            lines = [line.split() for line in text.splitlines()]
            linked = any("jemalloc" in line[0] or "tcmalloc" in line[0] for line in lines)
            libc = [line[2] for line in lines if line[0] == "libc.so.6"]
            self._own[path] = libc[0] if linked and libc else ""
        return Allocator(allocator.name, self._own[path], allocator.version)

    def run(self, program, allocator):
        """Its cost, as launch's dictionary. Raises CommandFailed."""
        if program.server:
            return self._run_server(program, allocator)
        command = self._command(program.command, program)
        return self._launch(program, allocator, command, [])

    def _launch(self, program, allocator, command, before):
        stand_in = self._standing_in(allocator, command[0])
        env = dict(os.environ, LC_ALL="C", HOME=self._inputs, PATH=catalog.SYSTEM_PATH)
        env.update(program.env)
        return measure.launch(self._context, stand_in, before + command, env=env, limit_s=LIMIT_S,
                              stdin=self._fill(program.stdin, program) or None,
                              sample_ms=SAMPLE_MS if program.tree else 0)

    def _run_server(self, program, allocator):
        """The server's cost alone; the client runs under the system's allocator and its time is the wall time."""
        with tempfile.TemporaryDirectory() as folder:
            before = self._prepare(program, folder)
            command = self._command(program.command, program, folder)
            client = self._command(program.server, program, folder)
            ready = program.ready and self._command(program.ready, program, folder)
            stop = before + self._command(program.stop, program, folder)
            result = []

            def serve():
                try:
                    result.append(self._launch(program, allocator, command, before))
                except CommandFailed as error:
                    result.append(error)

            server = threading.Thread(target=serve)
            server.start()
            try:
                wall_s = self._drive(client, os.path.join(folder, program.socket), ready)
            finally:
                subprocess.run(stop, check=False, capture_output=True, timeout=30)
                server.join()
        if isinstance(result[0], CommandFailed):
            raise result[0]
        return dict(result[0], wall_s=wall_s)

    def _prepare(self, program, folder):
        """A cluster of this run's own; returns the words before a command that runs as its owner."""
        if not program.cluster:
            return []
        subprocess.run(["cp", "-a", os.path.join(self._inputs, "cluster"), os.path.join(folder, "data")], check=True)
        if os.getuid() == 0:
            shutil.chown(folder, "nobody", "nogroup")
        return inputs.as_nobody()

    @staticmethod
    def _answers(socket, ready):
        if not os.path.exists(socket):
            return False
        return not ready or subprocess.run(ready, check=False, capture_output=True, timeout=LIMIT_S).returncode == 0

    @classmethod
    def _drive(cls, client, socket, ready):
        deadline = time.monotonic() + SERVER_START_S
        while not cls._answers(socket, ready):
            if time.monotonic() > deadline:
                raise CommandFailed("the server does not answer")
            time.sleep(0.005)
        start = time.monotonic()
        try:
            subprocess.run(client, check=True, capture_output=True, timeout=LIMIT_S)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise CommandFailed(f"{client[0]}: {error}") from error
        return time.monotonic() - start
