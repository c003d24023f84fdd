"""Two versions of a data set → what changed, and why."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import Article, Quote, columns
from pipeline.diff.changes import Cause, Change, Difference, Group, Kind, Value, What
from pipeline.diff.words import cut_long, mark_words
from pipeline.store import Version

Row = Mapping[str, Any]

COMPARED = ("articles", "quotes")  # tables
RECORD = ("source", "raw_path", "raw_record", "raw_sha256")
LINKS = ("revision", "duplicate_of", "duplicate_kind")
CODE = ("version", "model_version")
SETTINGS = ("settings", "attributions", "knowledge_base_sha256")
# What says where an article came from and how sure things are, or follows from its text: no change of its own. The text
# itself is told by its digest.
UNCOUNTED_OF_ARTICLES = frozenset(
    """article_id source raw_path raw_record raw_sha256 raw_spans input_format encoding publisher_source url_source
    headline_source standfirst_source authors_source published_source published_evidence modified_source fetched_at
    language_confidence language_source section_source text body_start_char segments word_count notes
    duplicate_similarity first_seen_at run_id""".split()
)
# What says where in its article a quote stands, or how its speaker was found. The words are told by the quote's id.
UNCOUNTED_OF_QUOTES = frozenset(
    """quote_id article_id published_on utterance_id position text start_char end_char cue_start_char cue_end_char
    speaker_start_char speaker_end_char speaker_form speaker_method speaker_confidence context_before context_after
    repeat_of""".split()
)
SPEAKER = ("speaker_name", "speaker_entity_id", "speaker_status")
BESIDE_SPEAKER = frozenset(("speaker", "speaker_role", "review_status"))  # what often changes with them
COUNTED_OF_ARTICLES = tuple(each.name for each in columns(Article) if each.name not in UNCOUNTED_OF_ARTICLES)
COUNTED_OF_QUOTES = tuple(each.name for each in columns(Quote) if each.name not in {*UNCOUNTED_OF_QUOTES, *SPEAKER})
ARTICLE_COLUMNS = tuple(dict.fromkeys(("article_id", *RECORD, "run_id", *COUNTED_OF_ARTICLES)))
QUOTE_COLUMNS = ("article_id", "quote_id", "position", "text", *SPEAKER, *COUNTED_OF_QUOTES)

CAUSE_COLUMNS = ("run_id", *CODE, *SETTINGS)

ALIKE = 0.5  # share of words that a quote has in common with the one that took its place
NEAR = 50  # quotes between them at most
_NAKED_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class _Found:
    """What was found so far: all of it counted, the first changes of each sort kept."""

    limit: int
    counts: Counter[Group] = field(default_factory=Counter)
    examples: defaultdict[Group, list[Change]] = field(default_factory=lambda: defaultdict(list))

    def room(self, group: Group) -> int:
        return self.limit - len(self.examples[group])

    def note(self, group: Group, change: Callable[[], Change]) -> None:
        """Count a change; it is told in full only where there is room for it."""
        self.counts[group] += 1
        if self.room(group) > 0:
            self.examples[group].append(change())


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of one of the two versions."""

    version: Version
    month: str
    name: str

    def file(self, table: str) -> Path:
        return self.version.folder(table, self.month) / self.name

    def read(self, table: str, names: Sequence[str]) -> pa.Table:
        return self.version.read_file(table, self.file(table), names)

    def rows(self, table: str, names: Sequence[str], ids: pa.Array) -> pa.Table:
        """Return the rows of some articles."""
        rows = self.read(table, names)
        return rows.filter(pc.is_in(rows["article_id"], ids)).combine_chunks()


def _differing_parts(version: Version | None, other: Version | None) -> list[_Part]:
    """Return the parts whose articles or quotes are not the same files in both versions."""
    if version is None:
        return []
    parts = [_Part(version, part.month, part.name) for part in version.parts]
    return [part for part in parts if other is None or not _is_shared(part, other)]


def _is_shared(part: _Part, other: Version) -> bool:
    theirs = _Part(other, part.month, part.name)
    files = [(part.file(table), theirs.file(table)) for table in COMPARED]
    return all(file.exists() and file.samefile(own) for own, file in files)


def compare(before: Version | None, after: Version, limit: int = 200) -> Difference:
    """Find what changed, part by part: beside the ids of all articles, rows of two parts are in memory at a time.

    Articles match by ``article_id``; quotes by ``quote_id`` or, where their words changed, by having most words in common.
    The speaker of a quote is *added* where nobody was named before, and *removed* where nobody is named after.

    Args:
        before: the version to compare with, older or newer; None if there was none.
        after: the version whose differences are of interest.
        limit: how many changes of each group are kept as examples; all are counted.
    """
    found = _Found(limit)
    versions = [version for version in (before, after) if version]
    runs = {row["run_id"]: row for version in versions for row in version.read("runs", CAUSE_COLUMNS).to_pylist()}
    for old, new, ids in _pair_parts(_differing_parts(before, after), _differing_parts(after, before)):
        if old and new:
            _compare_parts(found, runs, old, new, ids)
        elif new:
            _note_all(found, "added", "new input", new, ids)
        elif old:
            _note_all(found, "removed", "removed", old, ids)
    groups = sorted((group for group, count in found.counts.items() if count), key=_rank)
    return Difference(
        before.run_id if before else "nothing",
        after.run_id,
        {group: found.counts[group] for group in groups},
        {group: tuple(found.examples[group]) for group in groups},
    )


def _rank(group: Group) -> list[int]:
    """The order of the vocabularies."""
    return [get_args(words).index(word) for words, word in zip((What, Kind, Cause), group, strict=True)]


def _pair_parts(
    before: Sequence[_Part], after: Sequence[_Part]
) -> Iterator[tuple[_Part | None, _Part | None, pa.Array]]:
    """The articles of both sides by the parts that they lie in before and after; None where they do not.

    An article whose day changed lies in another month, and tidying up moves many: so it takes the ids of all of them.
    """
    sides = []
    for name, parts in (("before", before), ("after", after)):
        ids = [part.read("articles", ["article_id"])["article_id"].combine_chunks() for part in parts]
        at = np.repeat(np.arange(len(ids), dtype=np.int32), [len(each) for each in ids])
        sides.append(pa.table({"article_id": pa.chunked_array(ids, pa.string()), name: at}))
    both = sides[0].join(sides[1], "article_id", join_type="full outer")
    both = both.sort_by([(name, "ascending") for name in ("after", "before", "article_id")]).combine_chunks()
    at = np.stack([pc.fill_null(both[name], -1).to_numpy() for name in ("before", "after")], axis=1)
    borders = (np.flatnonzero(np.diff(at, axis=0).any(axis=1)) + 1).tolist()
    for start, end in pairwise([0, *borders, len(at)] if len(at) else []):
        old, new = at[start].tolist()
        yield (
            before[old] if old >= 0 else None,
            after[new] if new >= 0 else None,
            both["article_id"].slice(start, end - start).combine_chunks(),
        )


def _note_all(found: _Found, kind: Kind, cause: Cause, place: _Part, ids: pa.Array) -> None:
    """Note articles that one side only has, with their quotes."""
    articles = place.rows("articles", ARTICLE_COLUMNS, ids)
    quotes = place.rows("quotes", QUOTE_COLUMNS, ids)
    of_articles, of_quotes = Group("article", kind, cause), Group("quote", kind, cause)
    found.counts[of_articles] += articles.num_rows
    found.counts[of_quotes] += quotes.num_rows
    for row in articles.slice(0, found.room(of_articles)).to_pylist():
        found.examples[of_articles].append(Change(row["article_id"], None, _where(row), None, ()))
    shown = quotes.slice(0, found.room(of_quotes))
    by_id = _by_id(articles, shown["article_id"])
    for row in shown.to_pylist():
        found.examples[of_quotes].append(_one_quote(by_id[row["article_id"]], row))


def _compare_parts(found: _Found, runs: Mapping[str, Row], old: _Part, new: _Part, ids: pa.Array) -> None:
    """Note what changed in articles that lie in one part before and in one after."""
    articles = old.rows("articles", ARTICLE_COLUMNS, ids), new.rows("articles", ARTICLE_COLUMNS, ids)
    quotes = old.rows("quotes", QUOTE_COLUMNS, ids), new.rows("quotes", QUOTE_COLUMNS, ids)
    gone, come = _leave_out_same(*quotes, "quote_id", (*SPEAKER, *COUNTED_OF_QUOTES))
    changed, _ = _leave_out_same(*articles, "article_id", COUNTED_OF_ARTICLES)
    touched = pc.unique(pa.concat_tables([rows.select(["article_id"]) for rows in (changed, gone, come)])["article_id"])
    was, now = (_by_id(rows, touched) for rows in articles)

    @cache
    def read_texts() -> list[dict[str, Row]]:
        return [_by_id(place.rows("articles", ["article_id", "text"], touched), touched) for place in (old, new)]

    def texts_of(article_id: str) -> list[str]:
        return [str(texts[article_id]["text"]) for texts in read_texts()]

    gone_of, come_of = _by_article(gone), _by_article(come)
    for article_id in sorted(was):
        pair = was[article_id], now[article_id]
        reason = _reason(*pair, runs)
        _note_article(found, *pair, reason, texts_of)
        _note_quotes(found, pair[1], reason, gone_of[article_id], come_of[article_id])


def _by_id(articles: pa.Table, ids: pa.Array) -> dict[str, Row]:
    return {row["article_id"]: row for row in articles.filter(pc.is_in(articles["article_id"], ids)).to_pylist()}


def _by_article(quotes: pa.Table) -> defaultdict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in quotes.sort_by([("article_id", "ascending"), ("position", "ascending")]).to_pylist():
        found[row["article_id"]].append(row)
    return found


def _leave_out_same(old: pa.Table, new: pa.Table, key: str, names: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """The rows of each that the other does not have, or has with other values."""
    at = pc.index_in(new[key], value_set=old[key])  # null where there is none
    is_same = pc.is_valid(at)
    for name in names:
        ours, theirs = (_comparable(values) for values in (new[name], old[name].take(at)))
        both_null = pc.and_(pc.is_null(ours), pc.is_null(theirs))
        is_same = pc.and_(is_same, pc.or_(both_null, pc.fill_null(pc.equal(ours, theirs), False)))
    same = new[key].filter(is_same)
    return old.filter(pc.invert(pc.is_in(old[key], same))), new.filter(pc.invert(is_same))


def _comparable(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Arrow compares no lists, and joins those only whose elements may be null."""
    return pc.binary_join(values.cast(pa.list_(pa.string())), "\x1f") if pa.types.is_list(values.type) else values


def _reason(old: Row, new: Row, runs: Mapping[str, Row]) -> Cause | None:
    """Why an article that both sides have was curated again; None where it was not.

    A sidecar's content is not in ``raw_sha256``, but every other content of a record raises ``revision``.
    """
    if any(old[name] != new[name] for name in RECORD):
        return "changed input"
    if old["run_id"] == new["run_id"]:
        return None
    if old["revision"] != new["revision"]:
        return "changed input"
    was, now = runs[old["run_id"]], runs[new["run_id"]]
    if any(was[name] != now[name] for name in SETTINGS) and all(was[name] == now[name] for name in CODE):
        return "new settings"
    return "new code"  # even of one version: what else would make other rows of the same input?


def _note_article(
    found: _Found, old: Row, new: Row, reason: Cause | None, texts_of: Callable[[str], Sequence[str]]
) -> None:
    names = [name for name in COUNTED_OF_ARTICLES if old[name] != new[name]]
    if not names:
        return
    # Whatever else a run did to it: what it is a copy of is told by the articles around it.
    is_linked_anew = reason != "changed input" and set(names) <= set(LINKS)
    article_id = new["article_id"]

    def tell() -> Change:
        values = [
            Value("text", mark_words(*texts_of(article_id)))
            if name == "text_sha256"
            else Value(name, mark_words(_in_words(old[name]), _in_words(new[name])))
            for name in names
        ]
        return Change(article_id, None, _where(new), None, tuple(values))

    found.note(Group("article", "changed", "other articles" if is_linked_anew else reason or "new code"), tell)


def _note_quotes(found: _Found, article: Row, reason: Cause | None, gone: list[Row], come: list[Row]) -> None:
    """Note what became of an article's quotes, of which some are gone, come or otherwise."""
    now = {row["quote_id"]: row for row in come}
    pairs = [(row, now[row["quote_id"]]) for row in gone if row["quote_id"] in now]
    known = {row["quote_id"] for row, _ in pairs}
    gone, come = ([row for row in rows if row["quote_id"] not in known] for rows in (gone, come))
    reworded = _pair_reworded(gone, come)
    for old, new in (*pairs, *reworded):
        _note_quote(found, article, reason, old, new)
    known = {row["quote_id"] for pair in reworded for row in pair}
    cause: Cause = reason or "correction"  # where nothing was curated again, only people change quotes
    sides: tuple[tuple[Kind, list[Row]], ...] = (("removed", gone), ("added", come))
    for kind, rows in sides:
        for row in rows:
            if row["quote_id"] not in known:
                found.note(Group("quote", kind, cause), partial(_one_quote, article, row))


def _note_quote(found: _Found, article: Row, reason: Cause | None, old: Row, new: Row) -> None:
    """Note how a quote that both sides have differs: in its words and its kind, and in who speaks it."""
    cause: Cause = "correction" if old["review_status"] != new["review_status"] else reason or "correction"

    def tell(names: Sequence[str]) -> Change:
        values = tuple(Value(name, mark_words(_in_words(old[name]), _in_words(new[name]))) for name in names)
        words = None if "text" in names else cut_long(new["text"])
        return Change(new["article_id"], new["quote_id"], _where(article), words, values)

    of_quote = [name for name in ("text", *COUNTED_OF_QUOTES) if old[name] != new[name]]
    of_speaker = [name for name in SPEAKER if old[name] != new[name]]
    if of_speaker and set(of_quote) <= BESIDE_SPEAKER:  # told once
        of_quote, of_speaker = [], [*of_speaker, *of_quote]
    if of_quote:
        found.note(Group("quote", "changed", cause), partial(tell, of_quote))
    if of_speaker:
        was, now = (row["speaker_status"] == "named" for row in (old, new))
        kind: Kind = "changed" if was == now else "added" if now else "removed"
        found.note(Group("speaker", kind, cause), partial(tell, of_speaker))


def _one_quote(article: Row, quote: Row) -> Change:
    speaker = quote["speaker_name"] or quote["speaker"]
    where = f"{_where(article)} · {speaker}" if speaker else _where(article)
    return Change(quote["article_id"], quote["quote_id"], where, cut_long(quote["text"]), ())


def _where(article: Row) -> str:
    told = (article["publisher"], article["published_on"], article["headline"] or article["raw_path"])
    return " · ".join(cut_long(str(each)) for each in told if each)


def _pair_reworded(gone: Sequence[Row], come: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Quotes of one article, in order, one of which took the other's place: the most alike first."""
    bags = [[frozenset(_NAKED_WORD.findall(row["text"].casefold())) for row in rows] for rows in (gone, come)]
    candidates = []
    for i, ours in enumerate(bags[0]):
        for j in range(max(0, i - NEAR), min(len(come), i + NEAR + 1)):
            shared = 2 * len(ours & bags[1][j])
            if shared and shared >= ALIKE * (len(ours) + len(bags[1][j])):
                distance = abs(gone[i]["position"] - come[j]["position"])
                candidates.append((-shared / (len(ours) + len(bags[1][j])), distance, i, j))
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, i, j in sorted(candidates):
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return [(gone[i], come[j]) for i, j in sorted(pairs.items())]


def _in_words(value: object) -> str | None:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, list):
        return ", ".join(value)
    return None if value is None else str(value)
