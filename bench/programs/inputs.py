"""Writes the inputs of the whole programs; the same seed and size give the same bytes."""
# SPDX-License-Identifier: MIT
import glob
import json
import os
import random
import shutil
import subprocess

CITIES = ["Aarhus", "Bergen", "Chiavari", "Delft", "Evora", "Faro", "Ghent", "Hanko", "Izola", "Jena"]
SYLLABLES = ["ka", "lo", "mi", "ner", "ost", "pra", "qui", "ra", "sen", "tol", "ul", "va", "wen", "zo"]


def word(chance):
    return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(1, 4)))


def write_text(path, lines):
    """Lines of words; a few words are frequent and most are rare, as in a language."""
    chance = random.Random(1)
    rare = [word(chance) + word(chance) for _ in range(lines // 4 + 100)]
    frequent = [word(chance) for _ in range(200)]
    with open(path, "w", encoding="ascii") as file:
        for _ in range(lines):
            some = (chance.choice(rare if chance.random() < 0.2 else frequent)
                    for _ in range(chance.randint(4, 14)))
            file.write(" ".join(some) + "\n")


def write_table(path, rows):
    chance = random.Random(2)
    with open(path, "w", encoding="ascii") as file:
        file.write("id,name,city,amount\n")
        for i in range(rows):
            file.write(f"{i},{word(chance)}{word(chance)},{chance.choice(CITIES)},"
                       f"{chance.random() * 1000:.2f}\n")


def write_json(path, records):
    chance = random.Random(3)

    def item():
        return {"name": word(chance), "price": round(chance.random() * 90, 2),
                "count": chance.randint(1, 9)}

    data = [{"id": i, "customer": word(chance), "tags": [word(chance) for _ in range(4)],
             "items": [item() for _ in range(chance.randint(1, 8))]} for i in range(records)]
    with open(path, "w", encoding="ascii") as file:
        json.dump(data, file)


def write_xml(path, records):
    chance = random.Random(4)
    with open(path, "w", encoding="ascii") as file:
        file.write("<?xml version='1.0'?>\n<orders>\n")
        for i in range(records):
            rows = "".join(f"<item price='{chance.random() * 90:.2f}'><name>{word(chance)}</name></item>"
                           for _ in range(chance.randint(1, 8)))
            file.write(f"<order id='o{i}' customer='{word(chance)}'>{rows}</order>\n")
        file.write("</orders>\n")


def write_cxx(path, classes):
    """A C++ file with templates, containers and lambdas, for which a compiler allocates much."""
    with open(path, "w", encoding="ascii") as file:
        file.write("#include <algorithm>\n#include <map>\n#include <memory>\n#include <string>\n"
                   "#include <vector>\n\n")
        for i in range(classes):
            file.write(
                f"template <class T, int N> struct Shelf{i} {{\n"
                "    std::map<std::string, std::vector<T>> all;\n"
                "    T sum(const std::string &key) const {\n"
                "        T total{};\n        auto found = all.find(key);\n"
                "        if (found == all.end()) return total;\n"
                "        for (const T &one : found->second) total += one * N;\n"
                "        return total;\n    }\n"
                "    void put(const std::string &key, T value) {\n"
                "        auto &some = all[key];\n        some.push_back(value);\n"
                "        std::sort(some.begin(), some.end(), [](T a, T b) { return b < a; });\n"
                "    }\n};\n"
                f"double use{i}(int n) {{\n"
                f"    auto shelf = std::make_unique<Shelf{i}<double, {i + 1}>>();\n"
                "    for (int k = 0; k < n; k++) shelf->put(std::to_string(k % 7), k * 0.5);\n"
                f"    return shelf->sum(\"{i % 7}\");\n}}\n\n")


def write_c(path, functions):
    """A C file with structures, loops and branches for a static checker."""
    with open(path, "w", encoding="ascii") as file:
        file.write("#include <stdlib.h>\n#include <string.h>\n\n")
        for i in range(functions):
            file.write(
                f"struct item{i} {{ int key; char name[{8 + i % 24}]; struct item{i} *next; }};\n"
                f"int take{i}(struct item{i} *list, int key, const char *name)\n{{\n"
                f"    struct item{i} *found = 0;\n    int steps = 0;\n"
                "    while (list) {\n        if (list->key == key && strcmp(list->name, name) == 0) {\n"
                "            found = list;\n            break;\n        }\n"
                "        list = list->next;\n        steps++;\n    }\n"
                f"    char *copy = malloc({16 + i});\n    if (!copy)\n        return -1;\n"
                f"    memset(copy, 0, {16 + i});\n    if (found && steps > {i % 5})\n"
                "        copy[0] = found->name[0];\n    int result = copy[0];\n    free(copy);\n"
                "    return result;\n}\n\n")


def write_logic(path, queens):
    """A logic problem for z3: queens that do not attack each other, as linear integer arithmetic."""
    with open(path, "w", encoding="ascii") as file:
        for i in range(queens):
            file.write(f"(declare-const q{i} Int)\n(assert (and (>= q{i} 1) (<= q{i} {queens})))\n")
        for i in range(queens):
            for j in range(i):
                file.write(f"(assert (and (not (= q{i} q{j})) (not (= (- q{i} q{j}) {i - j})) "
                           f"(not (= (- q{j} q{i}) {i - j}))))\n")
        file.write("(check-sat)\n(get-model)\n")


def write_repository(path, commits):
    """A git repository with a history, made by fast-import without touching a work tree."""
    chance = random.Random(5)
    subprocess.run(["git", "init", "-q", "--bare", path], check=True)
    stream = bytearray()
    files = {}
    for i in range(commits):
        stream += (f"commit refs/heads/main\ncommitter A B <a@example.org> {1700000000 + i * 60} +0000\n"
                   f"data 8\ncommit\n\n").encode()
        for _ in range(4):
            name = f"d{chance.randint(0, 9)}/f{chance.randint(0, 60)}.txt"
            lines = files.setdefault(name, [])
            lines.insert(chance.randint(0, len(lines)), f"{word(chance)} {word(chance)} {i}\n")
            lines.extend(f"{word(chance)} {chance.random()}\n" for _ in range(20))
            body = "".join(lines).encode()
            stream += f"M 100644 inline {name}\ndata {len(body)}\n".encode() + body + b"\n"
    subprocess.run(["git", "-C", path, "fast-import", "--quiet"], input=bytes(stream), check=True)


def write_sql(source, path, rows):
    with open(source, encoding="utf-8") as file:
        text = file.read().replace("ROWS", str(rows))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def write_rows(source, path, rows):
    """The statements of `source`, then one for each row, like a program that logs or imports data."""
    chance = random.Random(6)
    write_sql(source, path, rows)
    with open(path, "a", encoding="utf-8") as file:
        file.write("BEGIN;\n")
        for i in range(rows):
            file.write(f"INSERT INTO item (key, kind, note) VALUES ('{word(chance)}{i % 977}', {i % 89},"
                       f" '{' '.join(word(chance) for _ in range(chance.randint(1, 9)))}');\n")
            if i % 4 == 1:
                file.write(f"UPDATE item SET note = note || ' {word(chance)}', kind = kind + 1 WHERE id = {i // 2};\n")
            if i % 4 == 2:
                file.write(f"SELECT key, note FROM item WHERE kind = {i % 89} AND note > 'q' LIMIT 3;\n")
        file.write("DELETE FROM item WHERE id % 3 = 0;\nSELECT count(*), max(length(note)) FROM item;\nCOMMIT;\n")


def postgres_folder():
    """Where the newest PostgreSQL has its programs, as Debian puts them outside of PATH; None: not installed."""
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    return os.path.dirname(max(found, key=lambda path: int(path.split("/")[4]))) if found else None


def as_nobody():
    """The words that start a command as another user: PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []


def write_cluster(path, scale):
    """A PostgreSQL cluster with the tables of pgbench, cleanly shut down; nothing without PostgreSQL."""
    folder = postgres_folder()
    if not folder:
        return
    os.mkdir(path)
    if os.getuid() == 0:
        shutil.chown(path, "nobody", "nogroup")

    def run(*command):
        subprocess.run([*as_nobody(), *command], check=True, capture_output=True, env=dict(os.environ, LC_ALL="C"))

    run(f"{folder}/initdb", "-D", path, "-U", "bench", "-A", "trust", "-N")
    options = f"-c listen_addresses= -c unix_socket_directories={path} -c fsync=off"
    run(f"{folder}/pg_ctl", "-D", path, "-w", "-l", f"{path}/log", "-o", options, "start")
    try:
        run(f"{folder}/pgbench", "-h", path, "-U", "bench", "-i", "-s", str(scale), "-q", "postgres")
    finally:
        run(f"{folder}/pg_ctl", "-D", path, "-w", "-m", "fast", "stop")


# file: (writer, full size, quick size)
SIZES = {
    "text.txt": (write_text, 120000, 25000),
    "table.csv": (write_table, 160000, 30000),
    "data.json": (write_json, 22000, 5000),
    "large.json": (write_json, 48000, 8000),
    "data.xml": (write_xml, 90000, 20000),
    "unit.cc": (write_cxx, 12, 1),
    "unit.c": (write_c, 250, 80),
    "logic.smt2": (write_logic, 30, 14),
    "history.git": (write_repository, 1500, 300),
    "cluster": (write_cluster, 2, 1),
}


# The same for statements, whose constant part is in the folder work/.
STATEMENTS = {
    "units.sql": (write_sql, 300000, 60000),
    "blobs.sql": (write_sql, 24000, 4000),
    "rows.sql": (write_rows, 60000, 10000),
}


def write_all(folder, work, quick, step):
    """Writes every input that is missing in `folder`; returns the folder."""
    place = os.path.join(folder, "quick" if quick else "full")
    os.makedirs(place, exist_ok=True)
    for name, (writer, full, small) in SIZES.items():
        path = os.path.join(place, name)
        if not os.path.exists(path):
            step(f"writing {name}")
            writer(path, small if quick else full)
    for name, (writer, full, small) in STATEMENTS.items():
        writer(os.path.join(work, name), os.path.join(place, name), small if quick else full)
    return place
