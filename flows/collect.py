"""Collecting as a Prefect flow: the web → raw/. Run it with ``python flows/collect.py SOURCES --into RAW``, or deploy it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Annotated

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")  # a busy machine needs them

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from pydantic import Field

from pipeline.collect import OUTCOMES, Summary, collect, describe, read_sources
from pipeline.errors import OnrecordError, UsageError

Name = Annotated[str, Field(min_length=1, pattern=r"\S")]


# No retries: what fails in passing is asked for again within the run, and what is left over in the next one.
@flow(name="collect", flow_run_name="collect {sources} → {into}", retries=0)
def collect_flow(sources: Name = "sources.toml", into: Name = "raw") -> str:
    """Collect new pages of the newsrooms named in SOURCES.

    Args:
        sources: a TOML file; ``flows/sources.example.toml`` shows one.
        into: the folder of raw articles.

    Returns:
        What a person reads when the run is over.

    Raises:
        OnrecordError: if no feed, sitemap or page answered: a schedule must not stay green for weeks without a network.
    """
    logger = get_run_logger()
    summary = collect(
        read_sources(Path(sources)),
        Path(into),
        tell=lambda url, outcome, detail: logger.info("%s: %s %s", outcome, url, detail),
    )
    _keep_outcomes(summary)
    if not summary.is_answered:
        raise OnrecordError(f"nothing answered\n{describe(summary)}")
    return describe(summary)


def _keep_outcomes(summary: Summary) -> None:
    rows = [
        {
            "publisher": each.publisher,
            "kind": each.kind,
            "outcome": each.outcome,
            "count": each.count,
            "meaning": OUTCOMES[each.outcome],
        }
        for each in summary.tallies
    ]
    create_table_artifact(rows, key="collected", description=f"{summary.count('new'):,} new pages into {summary.into}")


def main() -> int:
    """Run the flow from the command line; returns its exit code."""
    parser = argparse.ArgumentParser(description="Collect new pages of newsrooms, politely.")
    parser.add_argument("sources", metavar="SOURCES", help="a TOML file; flows/sources.example.toml shows one")
    parser.add_argument("--into", metavar="RAW", default="raw", help="the folder of raw articles (default: raw)")
    options = parser.parse_args()
    try:
        read_sources(Path(options.sources))  # before a server starts for nothing
        print(collect_flow(options.sources, options.into))
    except UsageError as error:
        print(f"collect: {error}", file=sys.stderr)
        return 2
    except OnrecordError as error:
        print(f"collect: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
