# shellcheck shell=bash disable=SC2034
# python3 with every object on malloc: json, re, threads, multiprocessing, sqlite3.
# SPDX-License-Identifier: MIT
packages="python3"
processes="python3*"
export PYTHONMALLOC=malloc PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1

program_json() {
    python3 - <<'PY'
import hashlib, json
rows = [{"id": i, "name": f"row {i}" * (i % 7), "tags": [str(i * k) for k in range(i % 9)],
         "nested": {"x": i / 7, "y": [None, True, i]}} for i in range(20000)]
text = json.dumps(rows, indent=1)
again = json.loads(text)
assert again == rows
print(len(text), hashlib.sha256(json.dumps(again, sort_keys=True).encode()).hexdigest())
PY
}

program_re() {
    python3 - <<'PY'
import collections, re
text = " ".join(f"{i:x}-{i * 7919 % 104729} <a href='p{i}.html'>{'x' * (i % 40)}</a>"
                for i in range(30000))
links = re.findall(r"<a href='([^']+)'>(x*)</a>", text)
print(len(links), collections.Counter(len(x) for _, x in links).most_common(5))
print(len(re.sub(r"(\w+)-(\d+)", lambda m: m.group(2) + m.group(1), text)))
print(sum(map(len, re.split(r"[<>=' ]+", text))))
PY
}

program_threads() {
    python3 - <<'PY'
import queue, threading
jobs, results = queue.Queue(64), queue.Queue()
def work():
    while (job := jobs.get()) is not None:
        words = [f"{job}:{k}" for k in range(200)]
        results.put((job, len("".join(sorted(words)))))
threads = [threading.Thread(target=work) for _ in range(16)]
for thread in threads: thread.start()
for job in range(3000): jobs.put(job)
for _ in threads: jobs.put(None)
for thread in threads: thread.join()
print(sorted(results.queue)[:3], sum(length for _, length in results.queue))
PY
}

program_multiprocessing() {
    cat >pool.py <<'PY'
import multiprocessing, sys, threading
def work(number):
    table = {str(k): [k] * (k % 50) for k in range(number % 700)}
    return sum(len(value) for value in table.values())
if __name__ == "__main__":
    # Threads run while the pool forks: the children inherit blocks of threads they do not have.
    stop = threading.Event()
    def churn():
        while not stop.is_set():
            [bytearray(size) for size in range(1, 3000, 7)]
    threads = [threading.Thread(target=churn) for _ in range(2)]
    for thread in threads: thread.start()
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(3) as pool:
            print(method, sum(pool.map(work, range(600), chunksize=20)))
    stop.set()
    for thread in threads: thread.join()
PY
    python3 pool.py
}

program_sqlite3() {
    python3 - <<'PY'
import sqlite3, zlib
base = sqlite3.connect(":memory:")
base.execute("create table t(k integer primary key, v blob, s text)")
base.executemany("insert into t values(?, ?, ?)",
                 ((k, zlib.compress(bytes(k % 3000)), f"s{k % 97}") for k in range(8000)))
base.create_function("size", 1, lambda v: len(zlib.decompress(v)))
print(base.execute("select s, count(*), sum(size(v)) from t group by s order by s").fetchall())
PY
}
