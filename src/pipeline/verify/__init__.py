"""An independent check of a data set: every slice, key and count, and the raw bytes behind the text.

In memory at a time: one month of a table, some texts, and a few narrow columns of the whole data set, namely ids and
the places of articles in raw files that contain several. Only of older revisions are all texts in memory at once.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import TABLES, WHOLE, ReadRaw, columns
from pipeline.store import Version
from pipeline.verify.entities import verify_article_entities, verify_entities
from pipeline.verify.keys import locate, verify_keys
from pipeline.verify.ledger_counts import verify_ledger
from pipeline.verify.raw_files import TRACE, trace_articles, verify_raw_files
from pipeline.verify.texts import TEXT, slice_columns, verify_revisions, verify_slices, verify_texts
from pipeline.verify.verification import Verification

__all__ = ["Verification", "verify_version"]


def verify_version(version: Version, read_raw: ReadRaw | None = None, source: str | None = None) -> Verification:
    """Slice, count and join a whole data set again, and report what differs.

    Args:
        version: the data set.
        read_raw: reads a raw file again; None to skip the raw files.
        source: the source that the raw files belong to; articles of other sources are not compared with them.
    """
    found = Verification()
    months = sorted({month for table in TABLES.values() if table.is_monthly for month in version.months(table.name)})
    packed: list[pa.Table] = []  # traces of articles in files that contain several, so that each file is read once
    for month in months:
        articles = version.read("articles", [*TEXT, *(TRACE if read_raw else ())], [month])
        verify_texts(found, articles)
        _verify_month_slices(found, version, month, articles)
        if read_raw:
            traces = trace_articles(found, articles, source)
            is_whole = pc.equal(traces["raw_record"], WHOLE)
            verify_raw_files(found, read_raw, traces.filter(is_whole))
            packed.append(traces.filter(pc.invert(is_whole)))
        verify_article_entities(found, version, month)
    if read_raw and packed:
        verify_raw_files(found, read_raw, pa.concat_tables(packed))
    verify_keys(found, version, months)
    verify_revisions(found, version)
    verify_entities(found, version, months)
    verify_ledger(found, version)
    return found


def _verify_month_slices(found: Verification, version: Version, month: str, articles: pa.Table) -> None:
    for table in TABLES.values():
        if table.slices:
            rows = version.read(table.name, slice_columns(table.slices, columns(table.row)[0].name), [month])
            positions = locate(rows["article_id"], articles["article_id"])
            verify_slices(found, table.name, table.slices, rows, positions, articles["text"])
