"""ClickHouse inside this process (chdb), asked over standard input: one JSON request a line, one JSON answer a line.

Settings: MergeTree ordered by time, names of few values as LowCardinality, zstd, a text index over the message where the
version has one (else a Bloom filter of its tokens), all cores.
"""

import json
import os
import resource
import sys
import time

import chdb
from chdb import session

STRUCTURE = (
    "timestamp DateTime64(9), receiveTimestamp Nullable(DateTime64(9)), severity Nullable(String), insertId Nullable(String), "
    "logName Nullable(String), trace Nullable(String), spanId Nullable(String), textPayload Nullable(String), "
    "jsonPayload Nullable(String), protoPayload Nullable(String), httpRequest Nullable(String), labels Nullable(String), "
    "resource Nullable(String)"
)
TABLE = """CREATE TABLE logs.entries (
  timestamp DateTime64(9), receiveTimestamp Nullable(DateTime64(9)), severity LowCardinality(String), insertId String,
  logName LowCardinality(String), trace String, spanId String, jsonPayload String, protoPayload String,
  httpRequest String, labels String, resource String, service LowCardinality(String), revision LowCardinality(String),
  message String, textPayload String,
  INDEX by_message message TYPE {index} GRANULARITY {granularity},
  INDEX by_id insertId TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX by_trace trace TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree ORDER BY timestamp SETTINGS index_granularity = 8192"""
INSERT = """INSERT INTO logs.entries SELECT timestamp, receiveTimestamp, ifNull(severity, 'DEFAULT'), ifNull(insertId, ''),
  ifNull(logName, ''), ifNull(trace, ''), ifNull(spanId, ''), ifNull(jsonPayload, ''), ifNull(protoPayload, ''),
  ifNull(httpRequest, ''), ifNull(labels, ''), ifNull(resource, ''),
  JSONExtractString(ifNull(resource, ''), 'labels', 'service_name'),
  JSONExtractString(ifNull(resource, ''), 'labels', 'revision_name'),
  ifNull(textPayload, JSONExtractString(ifNull(jsonPayload, ''), 'message')), ifNull(textPayload, '')
FROM file('{files}', 'JSONEachRow', '{structure}')"""
INDEXES = [("text(tokenizer = 'splitByNonAlpha')", 100000000), ("tokenbf_v1(32768, 3, 0)", 1)]


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def ingest(files):
    start, before = time.perf_counter(), cpu()
    SESSION.query("CREATE DATABASE IF NOT EXISTS logs ENGINE = Atomic")
    SESSION.query("SET allow_experimental_full_text_index = 1")
    for index, granularity in INDEXES:
        try:
            SESSION.query(TABLE.format(index=index, granularity=granularity))
            break
        except Exception:
            if index == INDEXES[-1][0]:
                raise
    common = os.path.dirname(files[0])
    SESSION.query("SET date_time_input_format = 'best_effort', input_format_json_read_objects_as_strings = 1")
    SESSION.query(INSERT.format(files=os.path.join(common, "*.ndjson"), structure=STRUCTURE))
    SESSION.query("OPTIMIZE TABLE logs.entries FINAL")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"wall": time.perf_counter() - start, "cpu": cpu() - before, "peak_kb": peak}


def ask(sql):
    start = time.perf_counter()
    text = SESSION.query(sql.replace("entries", "logs.entries"), "JSONCompact")
    wall = time.perf_counter() - start
    rows = json.loads(str(text))["data"]
    value = rows[0][0] if rows else None
    return {"wall": wall, "value": int(value) if isinstance(value, str) and value.isdigit() else value}


SESSION = session.Session(sys.argv[1])
for line in sys.stdin:
    request = json.loads(line)
    try:
        if "version" in request:
            result = {"version": f"{chdb.engine_version} (chdb {chdb.__version__})"}
        elif "ingest" in request:
            result = ingest(request["ingest"])
        else:
            result = ask(request["sql"])
    except Exception as error:
        result = {"error": str(error)}
    print(json.dumps(result), flush=True)
