"""Describe a run, and a quote in its context, for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.contract import FATES, Count, ReadRaw, Run
from pipeline.errors import UsageError

# What each method means (contract.SpeakerMethod).
METHODS = {
    "printed": "the attribution prints the full name",
    "surname": "the article names one person with the printed surname in full",
    "role": "the article gives the printed role to this person",
    "pronoun": "the printed pronoun refers to this person",
    "continued": "the quotation continues the one before, without a new attribution",
    "transcript": "a transcript labels the turn with the name",
    "group": "a group of people speaks",
    "reviewed": "a reviewer named the speaker (curated/corrections/)",
    "none": "the article does not say who speaks",
}


def describe_run(run: Run, outcome: str) -> str:
    """Return the ledger of a run as lines: the raw records, and what became of them."""
    fates = {name: getattr(run, column) for name, column in FATES.items()}
    outcomes = ", ".join(f"{count:,} {name}" for name, count in fates.items() if count or name == "new")
    seconds = (run.finished_at - run.started_at).total_seconds()
    lines = [
        f"run        {run.run_id} of {run.source}: {outcome} in {seconds:.1f} s",
        f"records    {run.record_count:,}: {outcomes}",
    ]
    if run.reject_reasons:
        lines.append(f"rejected   {_list_counts(run.reject_reasons)}")
    if run.skip_reasons:
        lines.append(f"skipped    {_list_counts(run.skip_reasons)}: left out on purpose")
    if run.older_count:
        lines.append(
            f"older      {run.older_count:,} articles were made by older code; --reprocess older recomputes them"
        )
    if outcome not in ("nothing to do", "dry run"):
        totals = f"{run.article_total:,} articles, {run.quote_total:,} quotes, {run.mention_total:,} mentions"
        totals += f" (--attributions {run.attributions})"
        lines.append(f"data set   {totals}")
    return "\n".join(lines)


def _list_counts(counts: Sequence[Count]) -> str:
    return ", ".join(f"{count.count:,} {count.name}" for count in counts)


def show_quote(article: Mapping[str, Any], quote: Mapping[str, Any], read_raw: ReadRaw) -> str:
    """Return a quote in its paragraph, its speaker with the reason, and its bytes in the raw file.

    Args:
        article: its row of ``articles``.
        quote: its row of ``quotes``.
        read_raw: reads the records of a raw file again.
    """
    about = " · ".join(
        str(part) for part in (article["publisher"], article["published_on"], article["headline"]) if part
    )
    speaker = quote["speaker_name"] or "unknown"
    lines = [
        about,
        "",
        _in_paragraph(article, quote),
        "",
        f"type       {quote['quote_type']}, in a {quote['segment_kind']}{'' if quote['is_closed'] else ', without a closing mark'}",
        f"speaker    {speaker} ({quote['speaker_status']}): {METHODS[quote['speaker_method']]}",
    ]
    if quote["speaker"]:
        lines.append(f"printed    {quote['speaker']!r}, cue {quote['cue']!r}")
    if quote["speaker_role"]:
        lines.append(f"role       {quote['speaker_role']}")
    lines.append(f"text       {article['article_id']} [{quote['start_char']}:{quote['end_char']}]")
    return "\n".join(lines + _in_raw_file(article, quote, read_raw))


def _in_paragraph(article: Mapping[str, Any], quote: Mapping[str, Any]) -> str:
    text, start, end = article["text"], quote["start_char"], quote["end_char"]
    first = text.rfind("\n\n", 0, start) + 2 if "\n\n" in text[:start] else 0
    last = text.find("\n\n", end)
    return f"{text[first:start]}⟦{text[start:end]}⟧{text[end : None if last < 0 else last]}"


def _in_raw_file(article: Mapping[str, Any], quote: Mapping[str, Any], read_raw: ReadRaw) -> list[str]:
    lines = [f"raw file   {article['raw_path']}, record {article['raw_record']}"]
    ranges = raw_ranges(article["raw_spans"], quote["start_char"], quote["end_char"], article)
    if not ranges:
        return [
            *lines,
            "bytes      none decode to exactly this text, because it comes from markup, was repaired or was rearranged",
        ]
    lines.append("bytes      " + ", ".join(f"{start}–{end}" for start, end in ranges))
    try:
        records = read_raw(article["raw_path"])
        raw = next((data for name, data in records if name == article["raw_record"]), None)
    except (OSError, UsageError) as error:
        return [*lines, f"raw line   the raw file cannot be read: {error}; name its folder with --raw"]
    if raw is None:
        return [
            *lines,
            "raw line   the raw record does not exist or cannot be read any more; name its folder with --raw",
        ]
    line_number = raw[: ranges[0][0]].decode(article["encoding"], "replace").count("\n") + 1
    line = raw.decode(article["encoding"], "replace").split("\n")[line_number - 1].strip()
    return [*lines, f"raw line   {line_number}: {line}"]


def raw_ranges(
    spans: list[Mapping[str, int]], start: int, end: int, article: Mapping[str, Any]
) -> list[tuple[int, int]]:
    """Return the byte ranges of a span of the text, as far as ``raw_spans`` cover it."""
    text, encoding = article["text"], article["encoding"]
    found = []
    for span in spans:
        first, last = max(start, span["start_char"]), min(end, span["end_char"])
        if first < last:
            start_byte = span["start_byte"] + len(text[span["start_char"] : first].encode(encoding))
            found.append((start_byte, start_byte + len(text[first:last].encode(encoding))))
    return found
