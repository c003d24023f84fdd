"""What a page says of its article outside the text: address, headline, authors, dates, each with its source."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urljoin, urlsplit

import lxml.html
from dateutil import parser as dateutil_parser
from lxml import etree

from pipeline.contract import FieldSource, RawMetadata
from pipeline.read.html.authors import clean_authors
from pipeline.read.html.body import squeeze, words_of
from pipeline.read.html.json_ld import Graph, Node, is_of_type, text_of

# Names of <meta> tags, property or name or itemprop, the more trustworthy first.
PUBLISHED = """article:published_time article:published og:article:published_time og:published_time datepublished
    parsely-pub-date sailthru.date article.published publish-date publishdate publish_date pubdate publication_date
    published-date published_time published dcterms.created dcterms.date dc.date.issued dc.date dc.date.created
    citation_publication_date citation_date cxenseparse:recs:publishtime article_date_original originalpublicationdate
    date_published rnews:datepublished displaydate ptime date""".split()
MODIFIED = """article:modified_time og:updated_time og:modified_time datemodified dcterms.modified dc.date.modified
    last-modified lastmod article.updated article:modified revised""".split()
HEADLINE = (
    "og:title twitter:title headline parsely-title sailthru.title dc.title dcterms.title citation_title title".split()
)
STANDFIRST = "og:description description twitter:description dc.description sailthru.description".split()
AUTHORS = """author article:author parsely-author sailthru.author dc.creator dcterms.creator byl citation_author
    cxenseparse:author article:author_name authors dc.author rbauthors article.author og:author og:article:author
    shareaholic:article_author_name""".split()
SECTION = "article:section parsely-section cxenseparse:section section og:section".split()
PUBLISHER = (
    "og:site_name application-name publisher dc.publisher cre citation_journal_title apple-mobile-web-app-title".split()
)
LANGUAGE = "og:locale dc.language language content-language".split()
ADDRESS = "og:url parsely-link twitter:url".split()
# Where a page prints who wrote it, and its headline, behind which that stands.
BYLINE_CLASS = re.compile(r"[Bb]yline|[Aa]uthor")
BEGINS_BY = etree.XPath(
    "following::text()[starts-with(normalize-space(.), 'By ') or normalize-space(.) = 'By'][position() <= 40]"
)
PROPERTY = etree.XPath("descendant::*/@itemprop[contains(., $name)]/..")
# What holds other articles' authors, and readers'.
ELSEWHERE = re.compile(
    r"(?i)comment|related|recommend|popular|trending|sidebar|widget|most-?read|more-?(?:stories|from)|teaser|promo|newsletter|footer|carousel|river"
)
ELSEWHERE_TAGS = frozenset(("footer", "script", "style"))
OPENS_BYLINE = re.compile(r"By\s")
LONGEST_BYLINE = 150
MAX_BYLINES = 40  # a page with more is a list of articles
# "The headline | The Post", "The headline - City - The Post"
SITE_BREAK = re.compile(r"\s+[|–—·•«»:\-]+\s+|\s*[|»]\s*|:\s+")
YEAR = re.compile(r"\b(?:19[5-9]\d|20\d\d)\b")
# "December 3, 2016", "3rd Dec 2016", "2016-12-03" in the lines below a headline.
MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
PRINTED_DATE = re.compile(
    rf"\b(?:{MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+20\d\d|\d{{1,2}}(?:st|nd|rd|th)?\s+{MONTH}\.?,?\s+20\d\d|20\d\d-\d\d-\d\d)\b"
)
LINES_BELOW = 30
LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?(?:[-_](?:[A-Za-z]{2}|\d{3}))?")


@dataclass(frozen=True, slots=True)
class Page:
    """A page's tree and what its head declares."""

    root: lxml.html.HtmlElement
    tags: Mapping[str, list[str]]  # contents of <meta> tags by name, in lower case
    article: Node  # of JSON-LD, as are the next two
    about: Node
    graph: Graph

    @classmethod
    def of(cls, root: lxml.html.HtmlElement) -> Page:
        """Read a page's head; its JSON-LD goes out of the tree, where htmldate would take other articles' dates from it."""
        scripts = root.xpath("//script[contains(@type, 'ld+json')]")
        graph = Graph(script.text or "" for script in scripts)
        for script in scripts:
            script.drop_tree()
        return cls(root, _read_tags(root), graph.article(), graph.page(), graph)

    def tag(self, names: Iterable[str]) -> str | None:
        """The first given of some <meta> tags."""
        return next((text for name in names for text in self.tags.get(name, ()) if text), None)

    def visible_text(self) -> str:
        """All text of the page, once scripts are out of it."""
        return str(etree.tostring(self.root, method="text", encoding="unicode"))

    def text_at(self, path: str) -> str | None:
        """The text of the first element at an XPath."""
        return next((text for found in self.root.xpath(path) if (text := squeeze(found.text_content()))), None)


def _read_tags(root: lxml.html.HtmlElement) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = {}
    for tag in root.iter("meta"):
        names = tag.get("property") or tag.get("name") or tag.get("http-equiv") or ""
        # pages saved by the Mercury parser say value for content
        content = squeeze(html.unescape(tag.get("content") or tag.get("value") or ""))
        for name in names.lower().split():
            tags.setdefault(name, []).append(content)
    return tags


def read_metadata(page: Page, given: RawMetadata) -> RawMetadata:
    """Everything that a page says of its article; what stands beside it goes first.

    Args:
        page: before it is prepared for the body.
        given: from a sidecar or a record, whose address also resolves the page's own.
    """
    url, url_source = given.url, None
    if not url:
        url, url_source = _first(_addresses(page))
    publisher = _first(_publishers(page))
    section = _first([("json_ld", text_of(page.article.get("articleSection"))), ("meta", page.tag(SECTION))])
    found = {
        "url": (url, url_source),
        "publisher": publisher,
        "headline": _read_headline(page, given.publisher or publisher[0]),
        "standfirst": _first(_standfirsts(page)),
        "published_at": _first(_dates(page, PUBLISHED, "datePublished")),
        "modified_at": _first(_dates(page, MODIFIED, "dateModified")),
        "language": _first(_languages(page)),
        "section": section,
    }
    if not (given.published_at or found["published_at"][0]):
        found["published_at"] = _first(_dates_in_sight(page, url))
    own = RawMetadata()
    for name, (value, source) in found.items():
        if source:
            own = own.over(RawMetadata.of(source, **{name: value}))
    others = [
        text
        for text in (
            publisher[0],
            section[0],
            given.publisher,
            text_of(page.article.get("publisher")),
            page.tag(["copyright"]),
        )
        if text
    ]
    for source, printed in _bylines(page):
        if names := clean_authors(printed, others):
            own = own.over(RawMetadata.of(source, authors=names))
            break
    return given.over(own)


Candidate = tuple[str | None, FieldSource | None]


def _first(candidates: Iterable[tuple[FieldSource, str | None]]) -> Candidate:
    """The first value that is given, and its source."""
    return next(((value, source) for source, value in candidates if value), (None, None))


def _addresses(page: Page) -> Iterator[tuple[FieldSource, str | None]]:
    """The page's own addresses; that of a whole site is no article's."""
    base = page.tag(ADDRESS) or next(iter(page.root.xpath("//base/@href")), "")
    for canonical in page.root.xpath(
        "//link[contains(concat(' ', translate(@rel, 'CANOIL', 'canoil'), ' '), ' canonical ')]/@href"
    ):
        yield "link", _as_address(canonical, base)
    yield "meta", _as_address(page.tag(ADDRESS), base)
    main = page.article.get("mainEntityOfPage")
    yield "json_ld", _as_address(main.get("@id") if isinstance(main, dict) else main, base)
    yield "json_ld", _as_address(page.article.get("url"), base)


def _as_address(address: object, base: str) -> str | None:
    if not isinstance(address, str) or not address.strip():
        return None
    try:
        whole = urljoin(base, address.strip())
        parts = urlsplit(whole)
        is_article = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and bool(parts.path.strip("/") or parts.query)
        )
    except ValueError:
        return None
    return whole if is_article else None


def _publishers(page: Page) -> Iterator[tuple[FieldSource, str | None]]:
    yield "meta", page.tag(PUBLISHER[:1])
    yield (
        "json_ld",
        next((text for item in page.graph.follow(page.article.get("publisher")) if (text := text_of(item))), None),
    )
    name = page.tag(PUBLISHER[1:])
    yield "meta", None if name and name.startswith(("http", "www.")) else name


def _read_headline(page: Page, publisher: str | None) -> Candidate:
    """The headline as the page prints it, if its <h1> is near to what it declares; else as declared.

    What is declared is often written for search and sharing: "Clever nursery ideas" for "20 ideas for a small nursery".
    """
    declared: list[tuple[FieldSource, str | None]] = [
        ("json_ld", text_of(page.article.get("headline"))),
        ("meta", page.tag(HEADLINE)),
        ("json_ld", text_of(page.article.get("name"))),
        ("html", page.text_at("//title")),
    ]
    known = [words_of(text) for _, text in declared if text]
    printed = [text for h1 in page.root.iter("h1") if (text := squeeze(h1.text_content()))]
    for text in printed:
        words = words_of(text)
        if len(words) > 1 and any(_agree(words, other) for other in known):
            return text, "html"
    if len(set(printed)) == 1 and (not known or _is_near(words_of(printed[0]), known)):
        return printed[0], "html"
    value, source = _first(declared)
    return (_without_site(value, publisher, page), source) if value else (None, None)


def _agree(printed: list[str], declared: list[str]) -> bool:
    """Whether one is the other, or begins it ("… | The Post")."""
    shorter = min(len(printed), len(declared))
    begins = printed[:shorter] == declared[:shorter] and 2 < shorter >= len(printed) / 2
    return begins or printed == declared


def _is_near(printed: list[str], known: list[list[str]]) -> bool:
    """Whether a line is long enough for a headline, and has a telling word in common with what is declared."""
    telling = {word for word in printed if len(word) > 4}
    return len(printed) > 3 and any(telling & set(words) for words in known)


def _without_site(title: str, publisher: str | None, page: Page) -> str:
    """A title without the site's name before or behind it."""
    host = urlsplit(page.tag(ADDRESS) or "").hostname or ""
    names = {
        "".join(words_of(name))
        for name in (publisher, host, host.removeprefix("www."), host.removeprefix("www.").split(".")[0])
        if name
    }
    parts = SITE_BREAK.split(title)
    breaks = [found.group() for found in SITE_BREAK.finditer(title)]
    while len(parts) > 1 and "".join(words_of(parts[-1])) in names:
        parts.pop()
        breaks.pop()
    if len(parts) > 1 and "".join(words_of(parts[0])) in names:
        parts.pop(0)
        breaks.pop(0)
    return parts[0] + "".join(gap + part for gap, part in zip(breaks, parts[1:], strict=False))


def _standfirsts(page: Page) -> Iterator[tuple[FieldSource, str | None]]:
    yield "json_ld", text_of(page.article.get("description"))
    yield "meta", page.tag(STANDFIRST)


def _dates(page: Page, names: list[str], key: str) -> Iterator[tuple[FieldSource, str | None]]:
    """What is given for a date, if it is one: templates leave "{{date}}" and "0000-00-00"."""
    yield "json_ld", _as_date(text_of(page.article.get(key)))
    for name in names:
        for text in page.tags.get(name, ()):
            yield "meta", _as_date(text)
    yield "json_ld", _as_date(text_of(page.about.get(key)))
    for found in PROPERTY(page.root, name=key):
        for text in (found.get("datetime"), found.get("content"), found.get("value"), found.text_content()):
            yield "time", _as_date(text)
    if key == "datePublished":
        for found in page.root.xpath(
            "//time[@pubdate or contains(@class, 'publish') or contains(@class, 'entry-date')]/@datetime"
        ):
            yield "time", _as_date(found)
        times = page.root.xpath("//article//time/@datetime[not(ancestor::aside)]")
        yield "time", _as_date(times[0]) if len(set(times)) == 1 else None


def _dates_in_sight(page: Page, url: str | None) -> Iterator[tuple[FieldSource, str | None]]:
    """Dates that nothing declares. htmldate's extensive search takes 60 ms a page and is wrong in two of seven."""
    from htmldate import find_date  # late: a run without pages need not wait for it

    yield "htmldate", find_date(page.root, original_date=True, extensive_search=False, url=url)
    headline = next(page.root.iter("h1"), None)
    lines = (
        headline.xpath(f"following::text()[normalize-space()][position() <= {LINES_BELOW}]")
        if headline is not None
        else []
    )
    for line in lines:
        if len(line) <= LONGEST_BYLINE and (found := PRINTED_DATE.search(line)) and _as_date(found.group()):
            yield "html", dateutil_parser.parse(found.group()).date().isoformat()


def _as_date(text: str | None) -> str | None:
    if not text or len(text) > 60 or not YEAR.search(text):
        return None
    try:
        dateutil_parser.parse(text, ignoretz=True)
    except (ValueError, OverflowError):
        return None
    return text.strip()


def _languages(page: Page) -> Iterator[tuple[FieldSource, str | None]]:
    yield "html", _as_language(page.root.get("lang") or page.root.get("{http://www.w3.org/XML/1998/namespace}lang"))
    yield "json_ld", _as_language(text_of(page.article.get("inLanguage")))
    yield "meta", _as_language(page.tag(LANGUAGE))


def _as_language(tag: str | None) -> str | None:
    return tag.strip() if tag and LOCALE.fullmatch(tag.strip()) else None


def _bylines(page: Page) -> Iterator[tuple[FieldSource, list[str]]]:
    """What a page prints for authors, the more trustworthy source first."""
    authors = page.graph.follow(page.article.get("author")) or page.graph.follow(page.article.get("creator"))
    yield (
        "json_ld",
        [
            text
            for item in authors
            if (is_of_type(item, "Person") or not is_of_type(item, "Organization")) and (text := text_of(item))
        ],
    )
    for name in AUTHORS:
        yield "meta", page.tags.get(name, [])
    yield from (("html", [line]) for line in islice(_printed_bylines(page.root), MAX_BYLINES))
    yield from (("html", [line]) for line in islice(_lines_by(page.root), MAX_BYLINES))


def _printed_bylines(root: lxml.html.HtmlElement) -> Iterator[str]:
    """The lines below the headline that are marked as naming authors; each element's text is a line of its own."""
    headline = next(root.iter("h1"), None)
    around = set(headline.iterancestors()) if headline is not None else {root}
    is_below = headline is None
    for element in root.iter():
        is_below = is_below or element is headline
        if is_below and _names_authors(element) and element.tag != "h1" and not _is_elsewhere(element, around):
            yield _byline_text(element)


def _names_authors(element: lxml.html.HtmlElement) -> bool:
    return (
        element.get("rel") == "author"
        or "author" in element.get("itemprop", "")
        or bool(BYLINE_CLASS.search(element.get("class", "")))
    )


def _lines_by(root: lxml.html.HtmlElement) -> Iterator[str]:
    """Short lines below the headline that begin with "By"; a link that does is a menu's: "By main ingredient"."""
    headline = next(root.iter("h1"), None)
    if headline is None:
        return
    around = set(headline.iterancestors())
    for text in BEGINS_BY(headline):
        element = text.getparent() if text.is_text else text.getparent().getparent()
        line = _byline_text(element if text.strip() != "By" or len(element) else element.getparent())
        if element.tag != "a" and OPENS_BYLINE.match(line) and not _is_elsewhere(element, around):
            yield line


def _byline_text(element: lxml.html.HtmlElement) -> str:
    """The text of a byline, a line for each of its elements; with that of its like beside it. Empty for a passage."""
    if element.tag == "meta":
        return str(element.get("content") or element.get("value") or "")
    lines, length = [], 0
    for other in (element, *islice(element.itersiblings(element.tag), MAX_BYLINES)):
        is_alike = (element.get("rel") or element.get("itemprop")) and other.get("class") == element.get("class")
        if other is not element and not is_alike:
            continue
        for part in other.itertext():
            lines.append(squeeze(part))
            length += len(lines[-1])
            if length > LONGEST_BYLINE * (1 + MAX_BYLINES * bool(is_alike)):
                return ""
    return "\n".join(filter(None, lines))


def _is_elsewhere(element: lxml.html.HtmlElement, around: AbstractSet[lxml.html.HtmlElement]) -> bool:
    """Whether an element belongs to other articles or to readers; what holds the headline too does not."""
    for outer in (element, *element.iterancestors()):
        if outer in around:
            return False
        if outer.tag in ELSEWHERE_TAGS or ELSEWHERE.search(f"{outer.get('class', '')} {outer.get('id', '')}"):
            return True
    return False
