"""Checks of the ledgers of runs, and of raw records against articles and rejects."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import FATES, TABLES
from pipeline.store import Version
from pipeline.verify.keys import join_keys, locate, show_key
from pipeline.verify.verification import Verification


def verify_ledger(found: Verification, version: Version) -> None:
    """Check that each run's ledger adds up, and that records, articles and rejects agree."""
    _verify_runs(found, version)
    records = version.read("records", ["source", "raw_path", "raw_record", "outcome", "article_id"])
    articles = version.read("articles", ["article_id"])["article_id"]
    claimed = records["article_id"].drop_null()
    chosen = records.filter(pc.equal(records["outcome"], "article"))["article_id"]
    _verify_subset(found, "records", "article", articles, claimed, "it has no record")
    _verify_subset(found, "records", "article", chosen, articles, "it is not in articles")
    key = TABLES["rejects"].sort
    rejected = join_keys(records.filter(pc.equal(records["outcome"], "reject")), key)
    rejects = join_keys(version.read("rejects", key), key)
    _verify_subset(found, "rejects", "record", rejected, rejects, "it is not in rejects")
    _verify_subset(found, "rejects", "record", rejects, rejected, "it is in rejects, but was not rejected")


def _verify_runs(found: Verification, version: Version) -> None:
    runs = version.read("runs", ["run_id", "record_count", *FATES.values()]).to_pylist()
    wrong = [run for run in runs if run["record_count"] != sum(run[part] for part in FATES.values())]
    found.check("run ledgers", len(runs), (f"run {run['run_id']}: its ledger does not add up" for run in wrong))
    arrivals = version.read("arrivals", ["run_id", "article_count"])
    counted = arrivals.group_by("run_id").aggregate([("article_count", "sum")])
    arrived = dict(zip(counted["run_id"].to_pylist(), counted["article_count_sum"].to_pylist(), strict=True))
    differing = [run for run in runs if run["new_count"] != arrived.get(run["run_id"], 0)]
    lines = (
        f"run {run['run_id']}: {arrived.get(run['run_id'], 0)} articles in arrivals, but new_count is {run['new_count']}"
        for run in differing
    )
    found.check("arrivals", len(runs), lines)


def _verify_subset(
    found: Verification, what: str, noun: str, values: pa.ChunkedArray, others: pa.ChunkedArray, difference: str
) -> None:
    """Check that all values are among others."""
    missing = values.filter(pa.array(locate(values, others) < 0)).to_pylist()
    found.check(what, len(values), (f"{noun} {show_key(value)}: {difference}" for value in missing))
