"""The question set, in every program's own words, with the values that the corpus has.

Each question gives one number, by which answers are compared. Peers get the cheaper reading where there is a choice: case
counts for them and not for Timberline, and they look into the message alone where Timberline looks into every field.
"""

import json
import os

# What a peer can do in SQL for "the message without its numbers and ids": far simpler than the masks of Timberline.
DUCK_PATTERN = r"regexp_replace(message, '[0-9a-f]{8,}|[0-9]+', '#', 'g')"
HOUSE_PATTERN = r"replaceRegexpAll(message, '[0-9a-f]{8,}|[0-9]+', '#')"


def per_revision(condition):
    return (
        "SELECT sum(n) FROM (SELECT revision, count(*) AS n, min(timestamp), max(timestamp) FROM entries "
        f"WHERE {condition} GROUP BY revision)"
    )


def first(condition):
    return f"SELECT count(*), min(timestamp), max(timestamp) FROM entries WHERE {condition}"


def sample(files):
    """Returns an entry with a trace from the middle of the corpus."""
    with open(files[len(files) // 2], encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            if "trace" in entry and "insertId" in entry:
                return entry
    raise SystemExit("no entry with a trace in the middle file")


def questions(corpus, files):
    with open(os.path.join(corpus, "truth.json"), encoding="utf-8") as file:
        truth = json.load(file)
    phrase = next(p["phrase"] for p in truth["planted"] if p["kind"] == "rate-increase")
    entry = sample(files)
    names = [r["revision"] for r in truth["revisions"] if r["service"] == truth["revisions"][0]["service"]]
    before, after = names[0], names[1]
    day = entry["timestamp"][:10]
    service = truth["revisions"][0]["service"]
    errors = "severity IN ('ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY')"
    bounds = f"timestamp >= '{day} 00:00:00' AND timestamp < '{day} 23:59:59'"
    total, matches = (lambda a: a["total"]), (lambda a: a["matches"])

    def both(name, timberline, condition, form, read, house=None, **more):
        return {
            "name": name,
            "timberline": timberline,
            "duckdb": form(condition),
            "clickhouse": form(house or condition),
            "read": read,
            **more,
        }

    newest = (
        f"SELECT count(*) FROM (SELECT * FROM entries WHERE service = '{service}' AND {errors} AND {bounds} "
        "ORDER BY timestamp DESC LIMIT 100)"
    )
    top = "SELECT count(*) FROM (SELECT {0} AS p, count(*) AS n FROM entries GROUP BY p ORDER BY n DESC LIMIT 50)"
    changed = (
        "SELECT count(*) FROM (SELECT {0} AS p, countIf(revision = '{1}') AS a, countIf(revision = '{2}') AS b "
        "FROM entries WHERE revision IN ('{1}', '{2}') GROUP BY p)"
    )
    duck_changed = changed.replace("countIf(revision = '{1}')", "count(*) FILTER (revision = '{1}')").replace(
        "countIf(revision = '{2}')", "count(*) FILTER (revision = '{2}')"
    )
    return [
        both(
            "first of a phrase",
            ["first", f'"{phrase}"'],
            f"contains(message, '{phrase}')",
            first,
            matches,
            house=f"message LIKE '%{phrase}%'",
            phrase=phrase,
        ),
        both(
            "phrase per revision",
            ["freq", f'"{phrase}"'],
            f"contains(message, '{phrase}')",
            per_revision,
            total,
            house=f"message LIKE '%{phrase}%'",
        ),
        both("errors per revision", ["freq", "severity>=ERROR"], errors, per_revision, total),
        both(
            "word per revision",
            ["freq", 'SEARCH("timed")'],
            r"regexp_matches(message, '\btimed\b')",
            per_revision,
            total,
            house="hasToken(message, 'timed')",
        ),
        both(
            "substring inside words",
            ["first", "imeou"],
            "contains(message, 'imeou')",
            first,
            matches,
            house="message LIKE '%imeou%'",
        ),
        both(
            "regex with a literal",
            ["first", r'textPayload=~"after [0-9]+ ms, serving cached"'],
            "regexp_matches(textPayload, 'after [0-9]+ ms, serving cached')",
            first,
            matches,
            house="match(textPayload, 'after [0-9]+ ms, serving cached')",
        ),
        {
            "name": "field of the payload",
            "timberline": ["first", 'jsonPayload.labels.module="renderer"'],
            "duckdb": first("jsonPayload->>'$.labels.module' = 'renderer'"),
            "clickhouse": first("JSONExtractString(jsonPayload, 'labels', 'module') = 'renderer'"),
            "read": matches,
        },
        both(
            "insertId",
            ["first", f'insertId="{entry["insertId"]}"'],
            f"insertId = '{entry['insertId']}'",
            first,
            matches,
        ),
        both("trace", ["first", f'trace="{entry["trace"]}"'], f"trace = '{entry['trace']}'", first, matches),
        {
            "name": "newest 100 errors of a service in a day",
            "timberline": [
                "search", "--limit", "100", "--service", service, "--severity", "ERROR",
                "--since", f"{day}T00:00:00Z", "--until", f"{day}T23:59:59Z", "",
            ],
            "duckdb": newest,
            "clickhouse": newest,
        },
        {
            "name": "top 50 patterns",
            "timberline": ["freq", "--by", "pattern"],
            "duckdb": top.format(DUCK_PATTERN),
            "clickhouse": top.format(HOUSE_PATTERN),
        },
        {
            "name": "difference of two revisions",
            "timberline": ["diff", before, after],
            "duckdb": duck_changed.format(DUCK_PATTERN, before, after),
            "clickhouse": changed.format(HOUSE_PATTERN, before, after),
        },
    ]
