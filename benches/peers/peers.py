#!/usr/bin/env python3
"""Compares Timberline with DuckDB, ClickHouse and ripgrep on the same files and cores, in turn.

    benches/peers/peers.py --corpus DIR --work DIR [--rounds 5] [--out benches/RESULTS.md]

The corpus comes from `generate corpus DIR --form ndjson`. Peers are installed from PyPI into a virtual environment in the
work folder; ripgrep and zstd are used where they are installed. Answers are compared between the programs, and where
they differ the table says so. Needs nothing but Python's standard library itself.
"""

import argparse
import glob
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time

import questions
import report

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
# Seconds in which peers may finish what they do in the background once they are started.
REST = 10


def run(command, **options):
    """Runs a program; returns its output, wall seconds, CPU seconds and peak memory in KB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    return {
        "output": output,
        "code": process.returncode,
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_kb": usage.ru_maxrss,
    }


def forget(folder):
    """Asks the system to drop a folder's files from its cache."""
    os.sync()
    for path in glob.glob(folder + "/**", recursive=True):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def warm(files):
    """Reads files so that they are in the cache."""
    for path in files:
        with open(path, "rb") as file:
            while file.read(1 << 24):
                pass


def size(folder):
    return sum(os.path.getsize(p) for p in glob.glob(folder + "/**", recursive=True) if os.path.isfile(p))


class Timberline:
    """Our program: every question is a process of its own, timed from its start to its end."""

    name = "Timberline"

    def __init__(self, program, files, work):
        self.program, self.files, self.folder = program, files, os.path.join(work, "timberline")

    def version(self):
        return run([self.program, "--version"])["output"].decode().strip()

    def ingest(self, files=None, folder=None, fresh=True):
        folder = folder or self.folder
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        done = run([self.program, "ingest", *(files or self.files), "--archive", folder, "--format", "json"])
        if done["code"] != 0:
            sys.exit(f"timberline ingest ended with {done['code']}")
        return done

    def ask(self, question):
        done = run([self.program, *question["timberline"], "--archive", self.folder, "--format", "json"])
        if done["code"] not in (0, 1):
            sys.exit(f"timberline {question['timberline']} ended with {done['code']}")
        value = question["read"](json.loads(done["output"])) if "read" in question else None
        return done["wall"], value, done["peak_kb"]


class Inside:
    """A peer in a process of its own that stays; times are taken inside it."""

    def __init__(self, name, python, script, files, work):
        self.name, self.files = name, files
        self.folder = os.path.join(work, script.removesuffix(".py"))
        self.command = [python, os.path.join(HERE, script), self.folder]
        self.process = None

    def call(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended unexpectedly at {request}")
        answer = json.loads(line)
        if "error" in answer:
            return None if request.get("may_fail") else sys.exit(f"{self.name}: {answer['error']}\n{request}")
        return answer

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def stop(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.close()
        self.process.wait()

    def ingest(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.start()
        done = self.call(ingest=self.files)
        self.stop()
        return done

    def version(self):
        self.start()
        version = self.call(version=True)["version"]
        self.stop()
        return f"{self.name} {version}"

    def ask(self, question):
        # Between its questions it is stopped, so that no thread of its own takes time from another program.
        self.process.send_signal(signal.SIGCONT)
        answer = self.call(sql=question[self.name.lower()])
        self.process.send_signal(signal.SIGSTOP)
        return answer["wall"], answer["value"], 0


def install(work, packages):
    """Makes a virtual environment with the peers; returns its Python."""
    python = os.path.join(work, "venv", "bin", "python")
    if not os.path.exists(python):
        subprocess.check_call([sys.executable, "-m", "venv", os.path.join(work, "venv")])
    subprocess.check_call([python, "-m", "pip", "install", "--quiet", *packages])
    return python


def ask_in_turn(programs, asked, rounds, cold):
    """Asks every question of every program, program after program, several rounds; returns times and peak memory."""
    results = {question["name"]: {} for question in asked}
    for _ in range(rounds):
        for question in asked:
            values = {}
            for program in programs:
                if program.name.lower() not in question:
                    continue
                if cold:
                    forget(program.folder)
                wall, value, peak = program.ask(question)
                of_program = results[question["name"]].setdefault(program.name, {"wall": [], "peak_kb": 0})
                of_program["wall"].append(wall)
                of_program["peak_kb"] = max(of_program["peak_kb"], peak)
                if value is not None and "read" in question:
                    values[program.name] = value
            same = len(set(map(str, values.values()))) <= 1
            shown = next(iter(values.values()), None) if same else f"differ: {values}"
            results[question["name"]]["value"] = shown
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="folder made by `generate corpus`, with exports/ and truth.json")
    parser.add_argument("--work", required=True, help="folder for archives, tables and the virtual environment")
    parser.add_argument("--program", default=os.path.join(REPOSITORY, "target", "release", "timberline"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", default=os.path.join(REPOSITORY, "benches", "RESULTS.md"))
    parser.add_argument("--without", nargs="*", default=[], help="peers to leave out: duckdb clickhouse ripgrep zstd")
    arguments = parser.parse_args()
    os.makedirs(arguments.work, exist_ok=True)
    files = sorted(glob.glob(os.path.join(arguments.corpus, "exports", "*.ndjson")))
    if not files:
        sys.exit(f"no *.ndjson in {arguments.corpus}/exports: generate the corpus with --form ndjson")
    ours = Timberline(arguments.program, files, arguments.work)
    peers = []
    if "duckdb" not in arguments.without:
        peers.append(Inside("DuckDB", install(arguments.work, ["duckdb"]), "duck.py", files, arguments.work))
    if "clickhouse" not in arguments.without:
        peers.append(Inside("ClickHouse", install(arguments.work, ["chdb"]), "house.py", files, arguments.work))
    programs = [ours, *peers]

    warm(files)
    ingests = {program.name: [] for program in programs}
    for _ in range(max(1, arguments.rounds // 2 + 1)):
        for program in programs:
            done = program.ingest()
            ingests[program.name].append({key: done[key] for key in ("wall", "cpu", "peak_kb")})
    again = ours.ingest(fresh=False)
    partial = os.path.join(arguments.work, "all-but-one")
    ours.ingest(files=files[:-1], folder=partial)
    one_more = ours.ingest(files=files[-1:], folder=partial, fresh=False)

    for peer in peers:
        peer.start()
    time.sleep(REST)
    asked = questions.questions(arguments.corpus, files)
    warm_times = ask_in_turn(programs, asked, arguments.rounds, cold=False)
    cold_times = ask_in_turn(programs, asked, max(1, arguments.rounds // 2), cold=True)
    for peer in peers:
        peer.stop()

    scans = {}
    if "ripgrep" not in arguments.without and shutil.which("rg"):
        phrase = asked[0]["phrase"]
        scans["ripgrep"] = statistics.median(
            run(["rg", "--count", "--fixed-strings", phrase, *files])["wall"] for _ in range(arguments.rounds)
        )
    compressed = None
    if "zstd" not in arguments.without and shutil.which("zstd"):
        pipe = f"cat {' '.join(map(repr, files))} | zstd -19 --long=27 -T0 -c | wc -c"
        compressed = int(run(["sh", "-c", pipe])["output"])

    measured = {
        "command": " ".join(["python3", os.path.relpath(sys.argv[0], REPOSITORY), *sys.argv[1:]]),
        "versions": [program.version() for program in programs],
        "text_bytes": sum(os.path.getsize(path) for path in files),
        "rounds": arguments.rounds,
        "ingests": ingests,
        "again": again,
        "one_more": one_more,
        "sizes": {program.name: size(program.folder) for program in programs},
        "zstd": compressed,
        "warm": warm_times,
        "cold": cold_times,
        "scans": scans,
        "entries": json.load(open(os.path.join(arguments.corpus, "truth.json")))["entries"],
    }
    with open(arguments.out, "w") as out:
        out.write(report.markdown(measured))
    print(f"written: {arguments.out}")


if __name__ == "__main__":
    main()
