"""What `app: flows` should find, computed in another way: everything kept, nothing estimated. Standard library only.

    python3 flows.py flows.jsonl.gz > flows.expected
"""
import csv
import gzip
import ipaddress
import json
import sys
from collections import Counter, defaultdict
from datetime import datetime, timezone

WINDOW, PORTS, COUNTERS, TALKERS = 60, 2, 4096, 20

flows = [json.loads(line) for line in gzip.open(sys.argv[1], "rt", encoding="utf-8")]


def window(flow):
    at = datetime.fromisoformat(flow["flow_end"].replace("Z", "+00:00")).timestamp()
    begin = int(at // WINDOW) * WINDOW
    return datetime.fromtimestamp(begin, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def network(address):
    return ipaddress.ip_network(address + "/16", strict=False)


def table(name, head, rows):
    print("#", name)
    csv.writer(sys.stdout, lineterminator="\n").writerows([head, *rows])


total = sum(flow["bytes"] for flow in flows)
table(
    "flows",
    ["flows", "malformed", "untracked", "bytes", "error_bound", "error_most"],
    [[len(flows), 0, 0, total, total // COUNTERS, 0]],
)

sent = Counter()
for flow in flows:
    sent[ipaddress.ip_address(flow["src_addr"])] += flow["bytes"]
top = sorted(sent.items(), key=lambda one: (-one[1], one[0]))[:TALKERS]
table("talkers", ["rank", "source", "bytes_least", "bytes_most"], [[i + 1, a, b, b] for i, (a, b) in enumerate(top)])

cells = defaultdict(lambda: [0, 0, 0, 0])
for flow in flows:
    source = cells[window(flow), network(flow["src_addr"])]
    source[0] += 1
    source[1] += flow["packets"]
    source[2] += flow["bytes"]
    cells[window(flow), network(flow["dst_addr"])][3] += flow["bytes"]
table(
    "traffic",
    ["window", "network", "flows_from", "packets_from", "bytes_from", "bytes_to"],
    [[when, net, *amounts] for (when, net), amounts in sorted(cells.items())],
)

touched = defaultdict(set)
for flow in flows:
    pair = ipaddress.ip_address(flow["src_addr"]), ipaddress.ip_address(flow["dst_addr"])
    touched[window(flow), *pair].add(flow["dst_port"])
scans = [[*key, len(ports)] for key, ports in sorted(touched.items()) if len(ports) >= PORTS]
table("scans", ["window", "source", "destination", "ports"], scans)
