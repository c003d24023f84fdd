"""Collect pages as a Prefect flow: the web → raw/. Run it with ``python flows/collect.py SOURCES --into RAW``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Annotated

import environment  # noqa: F401 - sets Prefect's defaults, so it comes before Prefect

# isort: split
from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from pydantic import Field

from pipeline.collect import OUTCOMES, Summary, collect, describe, read_sources
from pipeline.errors import OnrecordError, UsageError

Name = Annotated[str, Field(min_length=1, pattern=r"\S")]


# No retries: the run itself asks again for what fails in passing, and the next run for the rest.
@flow(name="collect", flow_run_name="collect {sources} → {into}", retries=0)
def collect_flow(sources: Name = "sources.toml", into: Name = "raw") -> str:
    """Collect new pages of the newsrooms listed in SOURCES.

    Args:
        sources: a TOML file; ``flows/sources.example.toml`` shows one.
        into: the folder of raw articles.

    Returns:
        The lines that a person reads when the run is over.

    Raises:
        OnrecordError: if no feed, sitemap or page answered, so that a schedule without network does not look healthy.
    """
    logger = get_run_logger()
    summary = collect(
        read_sources(Path(sources)),
        Path(into),
        report=lambda url, outcome, detail: logger.info("%s: %s %s", outcome, url, detail),
    )
    _keep_outcomes(summary)
    if not summary.is_answered:
        raise OnrecordError(f"nothing answered\n{describe(summary)}")
    return describe(summary)


def _keep_outcomes(summary: Summary) -> None:
    rows = [
        {
            "publisher": tally.publisher,
            "kind": tally.kind,
            "outcome": tally.outcome,
            "count": tally.count,
            "meaning": OUTCOMES[tally.outcome],
        }
        for tally in summary.tallies
    ]
    create_table_artifact(rows, key="collected", description=f"{summary.count('new'):,} new pages into {summary.into}")


def main() -> int:
    """Run the flow from the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Collect new pages of newsrooms, politely.")
    parser.add_argument("sources", metavar="SOURCES", help="a TOML file; flows/sources.example.toml shows one")
    parser.add_argument("--into", metavar="RAW", default="raw", help="the folder of raw articles (default: raw)")
    options = parser.parse_args()
    try:
        read_sources(Path(options.sources))  # before a server is started in vain
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
