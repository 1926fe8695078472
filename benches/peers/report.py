"""What was measured, as Markdown."""

import datetime
import math
import os
import platform
import statistics

PEERS = ["DuckDB", "ClickHouse"]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def ms(seconds):
    return f"{seconds * 1000:.1f}"


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    release = ".".join(platform.release().split(".")[:2])
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return f"{model}, {os.cpu_count()} cores, {memory} GiB, {platform.system()} {release}"


def ingest_table(measured):
    ours = statistics.median(m["wall"] for m in measured["ingests"]["Timberline"])
    rows = []
    for name, rounds in measured["ingests"].items():
        wall = statistics.median(m["wall"] for m in rounds)
        cpu = statistics.median(m["cpu"] for m in rounds)
        peak = max(m["peak_kb"] for m in rounds)
        rows.append([
            name, f"{wall:.2f}", f"{cpu:.2f}", f"{measured['text_bytes'] / wall / 1e6:.0f}", f"{wall / ours:.2f}",
            f"{peak / 1024:.0f}", f"{measured['sizes'][name] / 1e6:.1f}",
        ])
    head = ["", "wall s", "CPU s", "MB/s of text", "wall, Timberline = 1", "peak MiB", "on disk MB"]
    return table(head, rows)


def question_table(results):
    peers = [name for name in PEERS if any(name in result for result in results.values())]
    rows, ratios = [], {name: [] for name in peers}
    for question, result in results.items():
        ours = statistics.median(result["Timberline"]["wall"])
        row = [question, ms(ours), f"{result['Timberline']['peak_kb'] / 1024:.0f}"]
        for name in peers:
            if name not in result:
                row += ["", ""]
                continue
            theirs = statistics.median(result[name]["wall"])
            ratios[name].append(theirs / ours)
            row += [ms(theirs), f"{theirs / ours:.1f}"]
        row.append("" if result.get("value") is None else result["value"])
        rows.append(row)
    means = ["geometric mean of the ratios", "", ""]
    for name in peers:
        means += ["", f"{math.exp(statistics.mean(map(math.log, ratios[name]))):.1f}"]
    head = ["question", "Timberline ms", "peak MiB"]
    for name in peers:
        head += [f"{name} ms", "ratio"]
    return table(head + ["matches"], [*rows, [*means, ""]])


def markdown(measured):
    now = datetime.datetime.now(datetime.timezone.utc)
    text = f"""# Measured against others

{measured['entries']:,} entries, {measured['text_bytes'] / 1e6:.0f} MB of NDJSON. {machine()}. {now:%Y-%m-%d}.
{', '.join(measured['versions'])}. Made by

    {measured['command']}

All programs read the same files on the same cores, in turn, {measured['rounds']} rounds; medians. Timberline is timed from the start
of its process to its end, the others inside a process that stays and is stopped while another is asked. What the others are set to is in `benches/peers`; what was
tried to make Timberline faster, and what each try gave, is in [TRIED.md](TRIED.md).

## Ingest, files in the cache

{ingest_table(measured)}
Timberline merges copies, masks messages, indexes and writes checksums meanwhile; the others do none of that, but for ClickHouse's
text index. Unchanged inputs again: {measured['again']['wall']:.2f} s. The last file into an archive of all the others:
{measured['one_more']['wall']:.2f} s.
"""
    if measured["zstd"]:
        ours = measured["sizes"]["Timberline"]
        text += (
            f"\nThe NDJSON under `zstd -19 --long=27`: {measured['zstd'] / 1e6:.1f} MB; the archive with its index is "
            f"{ours / measured['zstd']:.2f} of that.\n"
        )
    text += f"\n## Questions, files in the cache\n\n{question_table(measured['warm'])}"
    text += f"\n## Questions, files not in the cache\n\n{question_table(measured['cold'])}"
    for name, wall in measured["scans"].items():
        text += f"\n{name} over the NDJSON for the phrase, in the cache: {ms(wall)} ms.\n"
    return text
