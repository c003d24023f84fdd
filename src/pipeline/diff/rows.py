"""Rows of one article in two versions → changes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from pipeline.contract import Article, Quote, compared_columns
from pipeline.diff.causes import Row
from pipeline.diff.changes import Cause, Change, Group, Kind, Value
from pipeline.diff.word_diff import cut_long, mark_words

COMPARED_OF_ARTICLES = compared_columns(Article)
SPEAKER = ("speaker_name", "speaker_entity_id", "speaker_status")
COMPARED_OF_QUOTES = tuple(name for name in compared_columns(Quote) if name not in SPEAKER)
BESIDE_SPEAKER = frozenset(("speaker", "speaker_role", "review_status"))  # these often change with the speaker
SET_BY_OTHERS = frozenset(("revision", "duplicate_of", "duplicate_kind"))  # other articles and records change these

MIN_SHARED_WORDS = 0.5  # share of words in common that makes two quotes the same one, reworded
MOST_QUOTES_BETWEEN = 50  # reworded quotes are looked for within this distance
_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Found:
    """The changes found so far: all are counted, and the first of each group are kept as examples."""

    limit: int
    counts: Counter[Group] = field(default_factory=Counter)
    examples: defaultdict[Group, list[Change]] = field(default_factory=lambda: defaultdict(list))

    def room(self, group: Group) -> int:
        """Return how many more examples of a group may be kept."""
        return self.limit - len(self.examples[group])

    def note(self, group: Group, make_example: Callable[[], Change]) -> None:
        """Count a change; make an example of it only if there is room."""
        self.counts[group] += 1
        if self.room(group) > 0:
            self.examples[group].append(make_example())


def note_article(
    found: Found, old: Row, new: Row, cause: Cause | None, texts_of: Callable[[str], Sequence[str]]
) -> None:
    """Note how an article differs.

    Args:
        found: takes the change.
        old: its row before.
        new: its row after.
        cause: why it was curated again, if it was.
        texts_of: returns the article's text before and after.
    """
    names = [name for name in COMPARED_OF_ARTICLES if old[name] != new[name]]
    if not names:
        return
    # Even if a run curated the article again: what it is a copy of depends on other articles.
    is_set_by_others = cause != "changed input" and set(names) <= SET_BY_OTHERS
    article_id = new["article_id"]

    def make_example() -> Change:
        values = [
            Value("text", mark_words(*texts_of(article_id)))
            if name == "text_sha256"
            else Value(name, mark_words(_as_text(old[name]), _as_text(new[name])))
            for name in names
        ]
        return Change(article_id, None, describe_article(new), None, tuple(values))

    found.note(Group("article", "changed", "other articles" if is_set_by_others else cause or "new code"), make_example)


def note_quotes(found: Found, article: Row, cause: Cause | None, old_quotes: list[Row], new_quotes: list[Row]) -> None:
    """Note how an article's quotes differ.

    Args:
        found: takes the changes.
        article: the article's row after.
        cause: why it was curated again, if it was.
        old_quotes: the quotes that are missing or different after.
        new_quotes: the quotes that were missing or different before.
    """
    new_by_id = {quote["quote_id"]: quote for quote in new_quotes}
    same_words = [(quote, new_by_id[quote["quote_id"]]) for quote in old_quotes if quote["quote_id"] in new_by_id]
    matched = {quote["quote_id"] for quote, _ in same_words}
    removed, added = (
        [quote for quote in quotes if quote["quote_id"] not in matched] for quotes in (old_quotes, new_quotes)
    )
    reworded = _pair_reworded(removed, added)
    for old, new in (*same_words, *reworded):
        _note_quote(found, article, cause, old, new)
    matched = {quote["quote_id"] for pair in reworded for quote in pair}
    quote_cause: Cause = cause or "correction"  # only people change the quotes of an article that was not curated again
    sides: tuple[tuple[Kind, list[Row]], ...] = (("removed", removed), ("added", added))
    for kind, quotes in sides:
        for quote in quotes:
            if quote["quote_id"] not in matched:
                found.note(Group("quote", kind, quote_cause), partial(show_quote, article, quote))


def _note_quote(found: Found, article: Row, article_cause: Cause | None, old: Row, new: Row) -> None:
    """Note how a quote differs: in its words and type, and in its speaker."""
    is_review = old["review_status"] != new["review_status"]
    cause: Cause = "correction" if is_review else article_cause or "correction"

    def make_example(names: Sequence[str]) -> Change:
        values = tuple(Value(name, mark_words(_as_text(old[name]), _as_text(new[name]))) for name in names)
        words = None if "text" in names else cut_long(new["text"])
        return Change(new["article_id"], new["quote_id"], describe_article(article), words, values)

    quote_columns = [name for name in ("text", *COMPARED_OF_QUOTES) if old[name] != new[name]]
    speaker_columns = [name for name in SPEAKER if old[name] != new[name]]
    if speaker_columns and set(quote_columns) <= BESIDE_SPEAKER:  # one change, not two
        quote_columns, speaker_columns = [], [*speaker_columns, *quote_columns]
    if quote_columns:
        found.note(Group("quote", "changed", cause), partial(make_example, quote_columns))
    if speaker_columns:
        was_named, is_named = (quote["speaker_status"] == "named" for quote in (old, new))
        kind: Kind = "changed" if was_named == is_named else "added" if is_named else "removed"
        found.note(Group("speaker", kind, cause), partial(make_example, speaker_columns))


def show_quote(article: Row, quote: Row) -> Change:
    """Return a quote that only one version has."""
    speaker = quote["speaker_name"] or quote["speaker"]
    where = f"{describe_article(article)} · {speaker}" if speaker else describe_article(article)
    return Change(quote["article_id"], quote["quote_id"], where, cut_long(quote["text"]), ())


def describe_article(article: Row) -> str:
    """Return an article's publisher, day and headline."""
    known = (article["publisher"], article["published_on"], article["headline"] or article["raw_path"])
    return " · ".join(cut_long(str(value)) for value in known if value)


def _pair_reworded(removed: Sequence[Row], added: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Return the pairs of quotes of an article that are one quote reworded, matching the most similar ones first."""
    old_words, new_words = (
        [frozenset(_WORD.findall(quote["text"].casefold())) for quote in quotes] for quotes in (removed, added)
    )
    candidates = []
    for i, ours in enumerate(old_words):
        for j in range(max(0, i - MOST_QUOTES_BETWEEN), min(len(added), i + MOST_QUOTES_BETWEEN + 1)):
            shared, total = 2 * len(ours & new_words[j]), len(ours) + len(new_words[j])
            if shared and shared >= MIN_SHARED_WORDS * total:
                distance = abs(removed[i]["position"] - added[j]["position"])
                candidates.append((-shared / total, distance, i, j))
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, i, j in sorted(candidates):
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return [(removed[i], added[j]) for i, j in sorted(pairs.items())]


def _as_text(value: object) -> str | None:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, list):
        return ", ".join(value)
    return None if value is None else str(value)
