#!/usr/bin/env python3
"""Prints a large C++ file, the same one each time: classes, templates, maps and strings.

    large.py CLASSES
"""
# SPDX-License-Identifier: MIT
import sys

HEAD = """#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

struct shape { virtual ~shape() = default; virtual long area(long) const = 0; };
template <int N> struct power {
    static constexpr long of(long x) { return x * power<N - 1>::of(x); }
};
template <> struct power<0> { static constexpr long of(long) { return 1; } };
"""

CLASS = """
struct s{n} : shape {{
    std::map<std::string, std::vector<long>> table;
    std::unordered_map<long, std::unique_ptr<shape>> parts;
    long area(long x) const override {{
        long sum = power<{p}>::of(x);
        for (const auto &row : table)
            sum += std::count_if(row.second.begin(), row.second.end(),
                                 [x](long y) {{ return (x ^ y) % {m} == {r}; }});
        switch (x % 5) {{
        case 0: return sum + {n};
        case 1: return sum * {m};
        case 2: return sum - static_cast<long>(table.size());
        default: return sum ^ 0x{n:x}fL;
        }}
    }}
    void add(const std::string &key, long value) {{ table[key + "{n}"].push_back(value); }}
}};
"""


def main(classes):
    print(HEAD)
    for n in range(classes):
        print(CLASS.format(n=n, p=n % 9 + 1, m=n * 7 % 31 + 2, r=n % 2))
    print("long use(long x)\n{\n    long sum = 0;")
    for n in range(classes):
        print(f"    {{ s{n} s; s.add(std::to_string(x), x); sum += s.area(x); }}")
    print("    return sum;\n}")


main(int(sys.argv[1]))
