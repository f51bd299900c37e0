"""A history as Parquet: a row a run, a folder a month, for DuckDB, pandas and whoever else reads it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from conformance.contract.given import ConfigError
from conformance.reporting.write import refused
from conformance.verdicts.history.index import Index
from conformance.verdicts.history.line import LEFT_OUT, WORDS

_BATCH = 20_000  # rows of a group
_MISSING = (
    "history export: pyarrow cannot be imported; allowed: with the extra `parquet`,"
    " as by pip install 'connect-conformance[parquet]'"
)


def write_parquet(index: Index, folder: Path) -> tuple[int, int]:
    """Write all runs; returns how many runs and months there are. Raises ConfigError and ReportsError."""
    try:
        import pyarrow as pa  # noqa: PLC0415  it weighs more than the suite
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError:
        raise ConfigError(_MISSING) from None
    runs = months = 0
    schema = _schema(pa)
    try:
        if folder.exists() and any(folder.iterdir()):
            raise ConfigError(f"{folder} is not empty and is left alone; allowed: a new or empty folder")
        for month, rows in groupby(_rows(index), lambda row: row["started"].strftime("%Y-%m")):
            place = folder / f"month={month}"
            place.mkdir(parents=True)
            with pq.ParquetWriter(place / "runs.parquet", schema, compression="zstd") as writer:
                for batch in _batches(rows):
                    writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                    runs += len(batch)
            months += 1
    except OSError as error:
        raise refused(f"cannot write {folder}", error, "a new or empty folder") from None
    return runs, months


def _schema(pa: Any) -> Any:
    text, whole = pa.string(), pa.int64()
    return pa.schema(
        [
            ("started", pa.timestamp("s", tz="UTC")),
            *((name, text) for name in ("target", "settings", "contract", "suite", "level")),
            ("labels", pa.map_(text, text)),
            *((name, text) for name in ("verdict", "evidence", "obstacle")),
            *((name, whole) for name in ("exit_code", "seed", "sent", "lost")),
            ("median_ms", pa.float64()),
            ("p95_ms", pa.float64()),
            ("live", pa.bool_()),
            ("verdicts", pa.map_(text, text)),
        ]
    )


def _rows(index: Index) -> Iterator[dict[str, Any]]:
    """Every run, by its time. What was left out of a run is not among its verdicts."""
    for place, kind in index.database.execute("SELECT place, kind FROM runs ORDER BY at, series, run"):
        line = index.line_at(place)
        judged = zip(index.kinds[kind].names, line.judged, strict=True)
        yield {
            "started": datetime.fromtimestamp(line.at, UTC),
            **{name: getattr(line, name) for name in ("target", "settings", "contract", "suite", "level")},
            "labels": list(line.labels.items()),
            "verdict": line.verdict.value,
            "exit_code": line.exit,
            **{name: getattr(line, name) for name in ("evidence", "obstacle", "seed", "sent", "lost", "live")},
            "median_ms": line.ms[0] if line.ms else None,
            "p95_ms": line.ms[1] if line.ms else None,
            "verdicts": [(name, WORDS[letter]) for name, letter in judged if letter != LEFT_OUT],
        }


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
