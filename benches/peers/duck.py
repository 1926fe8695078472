"""DuckDB, asked over standard input: one JSON request a line, one JSON answer a line.

Settings: explicit column types for reading JSON (no sampling), Parquet with zstd sorted by time, all cores, the message and
the revision as columns of their own, so that no question has to look into JSON for them.
"""

import glob
import json
import os
import resource
import sys
import time

import duckdb

COLUMNS = """{timestamp: 'TIMESTAMP_NS', receiveTimestamp: 'TIMESTAMP_NS', severity: 'VARCHAR', insertId: 'VARCHAR',
    logName: 'VARCHAR', trace: 'VARCHAR', spanId: 'VARCHAR', traceSampled: 'BOOLEAN', textPayload: 'VARCHAR',
    jsonPayload: 'JSON', protoPayload: 'JSON', httpRequest: 'JSON', labels: 'JSON',
    resource: 'STRUCT(type VARCHAR, labels JSON)'}"""

INGEST = """COPY (
  SELECT timestamp, receiveTimestamp, coalesce(severity, 'DEFAULT') AS severity, insertId, logName, trace, spanId,
    traceSampled, textPayload, jsonPayload, protoPayload, httpRequest, labels, resource.type AS resourceType,
    resource.labels AS resourceLabels,
    resource.labels->>'service_name' AS service, resource.labels->>'revision_name' AS revision,
    coalesce(textPayload, jsonPayload->>'message') AS message
  FROM read_json({files}, format = 'newline_delimited', columns = {columns})
  ORDER BY timestamp
) TO '{folder}/entries.parquet' (FORMAT parquet, COMPRESSION zstd)"""


def answer(folder, request):
    if "version" in request:
        return {"version": duckdb.__version__}
    start = time.perf_counter()
    if "ingest" in request:
        before = resource.getrusage(resource.RUSAGE_SELF)
        connection = duckdb.connect()
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(INGEST.format(files=request["ingest"], columns=COLUMNS, folder=folder))
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu = usage.ru_utime + usage.ru_stime - before.ru_utime - before.ru_stime
        return {"wall": time.perf_counter() - start, "cpu": cpu, "peak_kb": usage.ru_maxrss}
    rows = CONNECTION.execute(request["sql"]).fetchall()
    return {"wall": time.perf_counter() - start, "value": rows[0][0] if rows else None}


folder = sys.argv[1]
CONNECTION = duckdb.connect()
if glob.glob(os.path.join(folder, "*.parquet")):
    CONNECTION.execute(f"CREATE VIEW entries AS SELECT * FROM '{folder}/*.parquet'")
for line in sys.stdin:
    try:
        result = answer(folder, json.loads(line))
    except Exception as error:
        result = {"error": str(error)}
    print(json.dumps(result, default=str), flush=True)
