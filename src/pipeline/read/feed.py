"""Saved feeds: RSS 0.9 to 2.0, RDF, Atom and JSON Feed.

An entry becomes a small JSON object with field names that ``read_fields`` knows. Its ``raw_sha256`` is the hash of that
object, so it changes with the entry but not with other entries.

A site rewrites its feed with every article, and entries move down. ``raw_record`` is therefore a hash of the entry's
guid or id, else of its link, else of its content, and never its position. Entries with the same identifier are numbered
(``…-2``).

feedparser's sanitising is off: it takes four fifths of the time and unwraps meaningful elements (``<mark>``,
``<summary>``); the HTML reader removes what is not text. feedparser's dates are not used, as it assumes UTC for a time
without a zone or with an unknown one; dates are passed on as printed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import urljoin

import orjson

from pipeline.contract import QualityFlag, RawRef, stable_id
from pipeline.lexicon.words import read_alternatives
from pipeline.limits import TooSlowError, time_limit
from pipeline.read.records import BadStreamError, Framed, RawRecord, read_whole, record_ref, reject

PARSE_SECONDS = 60  # a feed of 45 MB takes half of that
MAX_FEED_BYTES = 50_000_000  # most feeds have 10 to 500 entries; the largest, archives of podcasts, have about 20 MB
# A description with this many characters is the article itself: with several paragraphs, or with one. Summaries have
# one or two sentences, or the first 55 words (WordPress).
LONG_WITH_PARAGRAPHS, LONG = 900, 1_800
ROOT_TAG = re.compile(r"<(?![?!])([^\s/>]+)")
CLOSING_ROOT_TAG = re.compile(r"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
ENTRY_TAG = re.compile(r"<(/?)(?:[\w.-]+:)?(?:item|entry)\b[^<>]*>", re.IGNORECASE)
PARAGRAPH_END = re.compile(r"</p>|</div>|</li>|</h[1-6]>|(?:<br\s*/?>\s*){2}|\n\s*\n", re.IGNORECASE)
# The last line of WordPress entries, plain or with links: "The post Ferries appeared first on Post."
APPEARED_FIRST = re.compile(
    r"(?:<p\b[^<>]*>\s*)?\bThe post\b((?:(?!</p>|\n\s*\n).){1,1000}?)\b(?:appeared first|first appeared) on\b"
    r"(?:(?!</p>\s*\S|\n\s*\n).){1,500}\Z",
    re.DOTALL,
)
LONGEST_END = 2_000  # characters of that line, or of the link to the rest
READ_ON = f"(?:{read_alternatives('page_phrases.txt', 'read on')})"
CUT = re.compile(rf"(?:…|\.\.\.|(?:\A|[.!?…:\]\n])\s*{READ_ON})[\s.»→›>\])]*\Z", re.IGNORECASE)
# A link at the end of a text to the rest of it.
LINK_TO_REST = re.compile(
    rf"[\[(]?<a\b[^<>]*>(?:\s|<[^<>]*>)*{READ_ON}(?:[\s.»→›>\])]|&(?:\w+|#\d+);|<[^<>]*>)*\Z", re.IGNORECASE
)
TAG = re.compile(r"<[a-z/!][^<>]*>", re.IGNORECASE)
WORD = re.compile(r"\w+")
ADDRESS = re.compile(r"[^\s()<>]+@[^\s()<>]+")
Entry = Mapping[str, Any]  # as feedparser or orjson returns it


def frame_feed(ref: RawRef, stream: BinaryIO) -> Iterator[Framed]:
    """Yield a record for each entry of an RSS, RDF or Atom feed.

    An entry with only a summary gets the flag ``feed_teaser``. Malformed XML is read leniently, with a note. The last
    entry of a truncated feed is rejected.

    Raises:
        BadStreamError: if it is too large, not a feed, or truncated.
    """
    raw = _read(stream)
    feed = _parse(raw)
    error, entries = feed.get("bozo_exception"), feed["entries"]
    text = raw.decode(feed.get("encoding") or "utf-8", "replace") if error or not entries else ""
    if not feed.get("version") and not entries:
        raise BadStreamError("unknown_format", _describe_unknown(text))
    notes = (f"the feed is malformed XML ({error}) and was read leniently",) if error else ()
    is_truncated = bool(error) and not CLOSING_ROOT_TAG.search(text)
    last_tag = next(reversed([tag[1] for tag in ENTRY_TAG.finditer(text)]), "/") if is_truncated else "/"
    complete = entries if last_tag == "/" else entries[:-1]
    yield from _frame_entries(ref, (_read_entry(dict(entry), feed) for entry in complete), notes)
    if is_truncated:
        raise BadStreamError("truncated", f"the feed ends before its closing root tag ({error}): fetch it again")
    if not entries:
        raise BadStreamError("no_article", "the feed has no entries: remove it")


def frame_json_feed(ref: RawRef, stream: BinaryIO) -> Iterator[Framed]:
    """Yield a record for each item of a JSON Feed of version 1 or 1.1.

    Raises:
        BadStreamError: if it is too large, invalid JSON, or not a feed.
    """
    try:
        feed = orjson.loads(_read(stream))
    except orjson.JSONDecodeError as error:
        reason = "nested_too_deep" if "depth limit" in error.msg else "broken_record"
        raise BadStreamError(reason, f"the feed is not valid JSON: {error}; fetch it again") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        detail = "it has no list 'items', which a JSON Feed requires: rename the file after its real format"
        raise BadStreamError("unknown_format", detail)
    yield from _frame_entries(ref, (_read_item(item, feed) for item in items), ())
    if not items:
        raise BadStreamError("no_article", "the feed has no items: remove it")


def _read(stream: BinaryIO) -> bytes:
    try:
        return read_whole(stream, MAX_FEED_BYTES)
    except BadStreamError as error:
        if error.reason != "too_large":
            raise
        detail = f"the feed exceeds the limit of {MAX_FEED_BYTES:,} bytes: split it"
        raise BadStreamError("too_large", detail) from error


def _parse(raw: bytes) -> Entry:
    import feedparser  # late: slow to import, and only feeds need it

    try:
        with time_limit(PARSE_SECONDS):
            parsed: Entry = feedparser.parse(BytesIO(raw), sanitize_html=False, resolve_relative_uris=False)
    except TooSlowError as error:
        detail = f"parsing the feed took more than {PARSE_SECONDS} s instead of tens of milliseconds; check the feed"
        raise BadStreamError("too_slow", detail) from error
    except (ValueError, LookupError, OverflowError, AssertionError, RecursionError) as error:
        raise BadStreamError("broken_record", f"the feed cannot be parsed ({error!r}): fetch it again") from error
    return parsed


def _describe_unknown(text: str) -> str:
    root = ROOT_TAG.search(text)
    found = f"its first element is <{root[1]}>" if root else "it has no element"
    sitemaps = {"urlset": ": a sitemap, which lists pages but has no text", "sitemapindex": ": a list of sitemaps"}
    return f"{found}{sitemaps.get(root[1], '') if root else ''}; expected <rss>, <rdf:RDF> or <feed>, or a page as HTML"


# ── Entries ────────────────────────────────────────────────────────────────────────────────────────────────────


def _frame_entries(ref: RawRef, entries: Iterable[Entry], notes: tuple[str, ...]) -> Iterator[Framed]:
    """Yield a record or a reject for each entry; ``entries`` are objects as ``_read_entry`` returns them."""
    counts: Counter[str] = Counter()
    for entry in entries:
        fields = {name: value for name, value in entry.items() if value}
        is_teaser = fields.pop("is_teaser", False)
        identifier = fields.pop("id", None) or fields.get("url")
        data = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
        key = stable_id(identifier or data)
        counts[key] += 1
        entry_ref = record_ref(ref, key if counts[key] == 1 else f"{key}-{counts[key]}", data)
        if not (fields.get("content_html") or fields.get("text")):
            title = fields.get("title", "without a title")
            yield reject(entry_ref, "no_text", f"the entry {title!r} has no text: fetch the page that it links to")
            continue
        flags: tuple[QualityFlag, ...] = ("feed_teaser",) if is_teaser else ()
        yield RawRecord(entry_ref, "json", data, "feed", notes=notes, flags=flags)


def _read_entry(entry: Entry, parsed: Entry) -> dict[str, Any]:
    """Return the fields of an entry.

    Args:
        entry: as a plain dict: feedparser's own kind of dict returns one date for another.
        parsed: the whole feed as feedparser returns it.
    """
    feed, is_rss = parsed["feed"], parsed["version"].startswith("rss")
    contents = [part for part in entry.get("content", ()) if (part.get("value") or "").strip()]
    content = max(contents, key=lambda part: len(part["value"]), default=None)
    detail = content or entry.get("summary_detail") or {}
    title = _as_plain(entry.get("title_detail") or {})
    value = _remove_credit((detail.get("value") or "").strip(), title)
    is_html = detail.get("type") != "text/plain"
    link = entry.get("feedburner_origlink") or entry.get("link") or ""
    tags = [tag.get("term") for tag in entry.get("tags", ())]
    published, updated = entry.get("published"), entry.get("updated")
    if is_rss and not published:
        published, updated = updated, None  # feedparser returns dc:date as the date of the last change
    return {
        "id": entry.get("id"),
        "url": _absolute(
            feed.get("link", "") if entry.get("links") else "", link
        ),  # without links, the link is the guid
        "title": title,
        "content_html" if is_html else "text": _remove_link_to_rest(value) if is_html else value,
        "authors": _author_names(entry),
        "published": published,
        "updated": updated,
        "publisher": (entry.get("source") or {}).get("title") or _as_plain(feed.get("title_detail") or {}),
        "language": detail.get("language") or feed.get("language"),
        "section": tags[0] if len(tags) == 1 else None,  # several tags are keywords
        "is_teaser": _is_teaser(value, is_description=content is None),
    }


def _read_item(item: Any, feed: Entry) -> dict[str, Any]:
    """Return the fields of an item of a JSON Feed; an item that is not an object has no text."""
    if not isinstance(item, dict):
        return {"title": repr(item)[:100]}
    title = _text(item.get("title"))
    page, plain, summary = (
        _remove_credit(_text(item.get(name)), title) for name in ("content_html", "content_text", "summary")
    )
    tags = item.get("tags")
    return {
        "id": str(item["id"]) if item.get("id") else None,
        "url": _text(item.get("url")) or _text(item.get("external_url")),
        "title": title,
        "content_html": _remove_link_to_rest(page),
        "text": "" if page else plain or summary,
        "authors": _item_authors(item) or _item_authors(feed),
        "published": _text(item.get("date_published")),
        "updated": _text(item.get("date_modified")),
        "publisher": _text(feed.get("title")),
        "language": _text(item.get("language")) or _text(feed.get("language")),
        "section": _text(tags[0]) if isinstance(tags, list) and len(tags) == 1 else None,
        "is_teaser": _is_teaser(page or plain or summary, is_description=not (page or plain)),
    }


def _item_authors(item_or_feed: Entry) -> list[str]:
    """Return the names of authors; version 1 has a single ``author``."""
    authors = item_or_feed.get("authors") or [item_or_feed.get("author")]
    if not isinstance(authors, list):
        return []
    return list(filter(None, (_text(author.get("name")) for author in authors if isinstance(author, dict))))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _as_plain(detail: Entry) -> str:
    """Return a title without markup."""
    value = str(detail.get("value") or "")
    return (value if detail.get("type") == "text/plain" else unescape(TAG.sub("", value))).strip()


def _absolute(base: str, link: str) -> str | None:
    """Return an address in full; None if it is not one, such as a guid that is not marked as a guid."""
    try:
        url = urljoin(base, link)
    except ValueError:  # a bracket in place of the host
        return None
    return url if url.startswith(("https://", "http://")) else None


def _author_names(entry: Entry) -> list[str]:
    """Return the names of authors without the addresses that RSS prints with them: ``desk@post.example (Mara Oduya)``.

    feedparser separates the two itself, but wrongly if an address ends in more than four letters.
    """
    authors = entry.get("authors", ())
    if len(authors) == 1 and authors[0].get("email"):
        names = [entry.get("author", "")]
    else:
        names = [author.get("name") or "" for author in authors]
    return list(filter(None, (ADDRESS.sub("", name).strip(" ()<>") for name in names)))


def _remove_credit(value: str, title: str) -> str:
    """Return a text without a last line that only says where the entry with this title appeared first.

    It must have the title: "The post office first appeared on maps in 1820." may be an article's last sentence.
    """
    credit = _search_end(APPEARED_FIRST, value)
    has_title = credit and WORD.findall(unescape(TAG.sub(" ", credit[1]))) == WORD.findall(title)
    return value[: credit.start()].rstrip() if credit and has_title else value


def _remove_link_to_rest(value: str) -> str:
    """Return a text without a link to the rest at its end."""
    link = _search_end(LINK_TO_REST, value)
    return value[: link.start()].rstrip() if link else value


def _search_end(pattern: re.Pattern[str], value: str) -> re.Match[str] | None:
    return pattern.search(value, max(0, len(value) - LONGEST_END))


def _is_teaser(value: str, *, is_description: bool) -> bool:
    """Return whether a text is only the beginning or a summary of an article.

    A text that ends with "read more" or the like is a teaser; so is a short description.
    """
    credit = _search_end(APPEARED_FIRST, value)
    plain = unescape(TAG.sub(" ", value[: credit.start()] if credit else value)).strip()
    is_cut = CUT.search(plain[-300:]) is not None
    if is_cut or not is_description:
        return is_cut
    paragraph_count = sum(bool(part.strip()) for part in PARAGRAPH_END.split(value))
    return len(plain) < (LONG_WITH_PARAGRAPHS if paragraph_count > 1 else LONG)
