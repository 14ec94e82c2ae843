"""Work for python3: parse JSON, index it, build and discard objects, format text. Argument: the JSON file."""
# SPDX-License-Identifier: MIT
import collections
import json
import sys


class Order:
    def __init__(self, record):
        self.customer = record["customer"]
        self.total = sum(item["price"] * item["count"] for item in record["items"])
        self.tags = frozenset(record["tags"])


def main():
    for _ in range(3):
        with open(sys.argv[1], encoding="utf-8") as file:
            records = json.load(file)
        orders = [Order(record) for record in records]
        by_customer = collections.defaultdict(list)
        for order in orders:
            by_customer[order.customer].append(order)
        lines = [f"{name}: {len(some)} orders, {sum(o.total for o in some):.2f}"
                 for name, some in sorted(by_customer.items())]
        text = json.dumps({line: sorted(set().union(*(o.tags for o in some)))
                           for line, some in zip(lines, by_customer.values())})
        assert len(text) > 1000


main()
