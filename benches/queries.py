#!/usr/bin/env python3
"""Asks an archive filters, and writes for each how long it took and what decided it, as Markdown.

    benches/queries.py --program target/release/timberline --archive DIR [--filters FILE] [--rounds 5]

Times are of whole processes, from start to end, files in the cache; the median of several rounds. FILE holds filters separated
by lines of `---`, of which twenty are taken, spread evenly, that can be read; without it, filters written here are asked.
"""

import argparse
import json
import os
import statistics
import subprocess
import time

NAMED = [
    'severity>=ERROR AND "No module named"',
    'resource.labels.service_name="{service}" AND httpRequest.status>=500',
    'jsonPayload.error.type="ImportError"',
    r'textPayload=~"exit\(\d+\)"',
    '-labels."vpc-connectivity":*',
    'SEARCH("cannot import name")',
    'insertId="{insert_id}"',
    'trace="{trace}"',
]


def ask(arguments, *command):
    """Returns the exit code, wall and CPU seconds, and the answer."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [arguments.program, *command, "--archive", arguments.archive, "--format", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall, cpu = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
    process.returncode = code = os.waitstatus_to_exitcode(status)
    return code, (wall, cpu), json.loads(output) if output and code < 2 else None


def row(arguments, text):
    code, _, explained = ask(arguments, "explain", text)
    if code >= 2 or explained is None:
        return None
    times, answer = [], None
    for _ in range(arguments.rounds):
        _, took, answer = ask(arguments, "first", text)
        times.append(took)
    wall, cpu = (f"{statistics.median(column) * 1000:.0f}" for column in zip(*times))
    rings = explained["rings"]
    means = ", ".join(dict.fromkeys(test["means"].replace("_", " ") for test in explained["tests"]))
    shown = " ".join(text.split()).replace("|", "\\|")
    shown = shown if len(shown) <= 90 else shown[:89] + "…"
    cells = [f"`{shown}`", wall, cpu, answer["matches"] if answer else 0]
    return [*cells, means, rings["certain"], rings["candidates"], rings["excluded"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--archive", required=True)
    parser.add_argument("--filters")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--title", default="Filters and what decides them")
    arguments = parser.parse_args()
    _, _, found = ask(arguments, "search", "trace:* insertId:*", "--limit", "1")
    entries = found if isinstance(found, list) else (found or {}).get("entries", [])
    entry = entries[0] if entries else {}
    values = {
        "{service}": entry.get("resource", {}).get("labels", {}).get("service_name", "payments"),
        "{insert_id}": entry.get("insertId", "0"),
        "{trace}": entry.get("trace", "projects/p/traces/0"),
    }
    texts = []
    for text in NAMED:
        for name, value in values.items():
            text = text.replace(name, value)
        texts.append(text)
    rows = [found for found in (row(arguments, text) for text in texts) if found]
    if arguments.filters:
        with open(arguments.filters, encoding="utf-8") as file:
            filters = [text.strip() for text in file.read().split("\n---\n")]
        step = max(1, len(filters) // 24)
        more = (row(arguments, text) for text in filters[::step])
        rows += [found for found in more if found][:20]
    print(f"# {arguments.title}\n\nWhole processes, files in the cache, median of {arguments.rounds} rounds; `benches/queries.py` made this.\n")
    head = ["filter", "ms", "CPU ms", "matches", "decided by", "rings certain", "to look into", "excluded"]
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for cells in rows:
        print("| " + " | ".join(map(str, cells)) + " |")


if __name__ == "__main__":
    main()
