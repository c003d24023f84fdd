"""The sample articles in raw/: enough of them, every quirk that they are there to show, and what each is read as.

``crawl/crawl.warc.gz`` and ``crawl/pages.zip`` were packed once, by a script that wrote no time of packing into them;
``zcat`` and ``unzip -p`` show what is inside.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from pipeline.contract import RawArticle, Reject, Skip
from pipeline.read.files import RawFile, find_files
from pipeline.read.formats import frame_file, read_record
from pipeline.read.records import Options, RawRecord

RAW = Path(__file__).parents[2] / "raw"
FOUND = list(find_files(str(RAW), "raw"))
SIDECARS = {
    skip.ref.raw_path: json.loads((RAW / skip.ref.raw_path).read_bytes()) for skip in FOUND if isinstance(skip, Skip)
}
MOST_BYTES = 60_000
# Not the length of an article: a notice in RTF, a page that must be paid for, an entry of which the feed has the beginning.
SHORT = ("press-release.txt", "dredger-accounts.html", "feed.xml")
REFUSED = {
    ("northern-wire/photo-4471.txt", "0"): "binary",
    ("river-city-herald/pending.txt", "0"): "empty",
    ("saltmarsh-echo/sign-in.html", "0"): "no_article",
    ("wire-export/agency.jsonl", "4"): "broken_record",
}
SKIPPED = {
    ("crawl/crawl.warc.gz", "no_response"): 1,
    ("crawl/crawl.warc.gz", "http_redirect"): 1,
    ("crawl/crawl.warc.gz", "http_error"): 1,
    ("crawl/pages.zip", "sidecar"): 1,
}


def unpack(path: Path) -> bytes:
    """Return a file's bytes, or those of all members packed in it."""
    raw = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(raw)
    if path.suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return b"\n".join(archive.read(name) for name in archive.namelist())
    return raw


FILES = {file.raw_path: unpack(RAW / file.raw_path) for file in FOUND if isinstance(file, RawFile)}


@cache
def read_samples() -> list[RawArticle | Reject | Skip]:
    """Return each record as it is read."""
    options = Options()
    framed = [item for file in FOUND if isinstance(file, RawFile) for item in frame_file(file, options)]
    return [read_record(item, options) if isinstance(item, RawRecord) else item for item in framed]


def articles() -> list[RawArticle]:
    return [sample for sample in read_samples() if isinstance(sample, RawArticle)]


def article(name: str) -> RawArticle:
    """Return the article of a file, or the one in an archive with that name."""
    (found,) = [article for article in articles() if name in (article.ref.raw_path, article.ref.raw_record)]
    return found


def words(name: str) -> list[str]:
    return article(name).text.split()


def test_samples_are_enough() -> None:
    assert len(articles()) >= 48
    assert len({name.split("/")[0] for name in FILES}) >= 8
    assert sum(path.stat().st_size for path in RAW.rglob("*") if path.is_file()) <= MOST_BYTES


def test_every_format_is_shown() -> None:
    assert {article.input_format for article in articles()} == {
        "text",
        "rtf",
        "html",
        "jsonl",
        "json",
        "csv",
        "warc",
        "feed",
    }


def test_articles_are_short() -> None:
    lengths = {
        (article.ref.raw_path, article.ref.raw_record): len(article.text.split())
        for article in articles()
        if not article.ref.raw_path.endswith(SHORT)
    }
    assert {place: length for place, length in lengths.items() if not 80 <= length <= 250} == {}


def test_other_samples_are_rejected_or_skipped() -> None:
    rejects = [sample for sample in read_samples() if isinstance(sample, Reject)]
    assert {(reject.raw_path, reject.raw_record): reject.reason for reject in rejects} == REFUSED
    skips = [sample for sample in read_samples() if isinstance(sample, Skip)]
    assert Counter((skip.ref.raw_path, skip.reason) for skip in skips) == SKIPPED


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        pytest.param("northern-wire/glacier-hut.txt", rb"^\xff\xfe", id="utf-16"),
        pytest.param("river-city-herald/bridge-vote.txt", rb"^\xef\xbb\xbf", id="utf-8-with-mark"),
        pytest.param("river-city-herald/cafe-licence.txt", rb"\x93The noise.*caf\xe9\x92s.*\x94", id="cp1252"),
        pytest.param("river-city-herald/singing-stone.txt", "â€œIt hums".encode(), id="mojibake"),
        pytest.param("river-city-herald/harvest-fair.txt", rb"people\r\nwaded", id="crlf-hard-wrapped"),
        pytest.param("harbour-post/lobster-quota.txt", rb"^https://", id="address-on-the-first-line"),
        pytest.param("harbour-post/harbour-tolls.txt", rb"^Home\nWorld\n", id="furniture-on-top"),
        pytest.param("harbour-post/harbour-tolls.txt", rb"Share this article\n", id="furniture-at-the-end"),
        pytest.param("harbour-post/harbour-tolls-corrected.txt", rb"\nCorrection: ", id="correction-note"),
        pytest.param("harbour-post/lighthouse-keeper.txt", rb"\nPhoto: ", id="caption"),
        pytest.param("northern-wire/lake-treaty.txt", rb"ALMATY, May 12\. /TASS/\.", id="dateline-without-year"),
        pytest.param("northern-wire/lake-treaty.txt", rb'"It is not easy[^"]*, he said\.\n', id="missing-closing-mark"),
        pytest.param("northern-wire/observatory-dome.txt", rb'\nWe had[^"]*,"', id="missing-opening-mark"),
        pytest.param("northern-wire/lake-treaty.txt", rb"(?s)(It is about knee deep).*\1", id="printed-twice"),
        pytest.param("northern-wire/lake-treaty.txt", rb"(?s)Kumsay.*Kumsai", id="name-spelt-two-ways"),
        pytest.param("northern-wire/lake-treaty.txt", rb"\nOld maps\n", id="subhead"),
        pytest.param(
            "meridian-dispatch/tunnel-inquiry.txt", rb'\n"The ceiling spoke[^\n]*panel\n', id="quoted-standfirst"
        ),
        pytest.param("harbour-post/lighthouse-keeper.txt", "ships.\n\n“There was".encode(), id="running-quotation"),
        pytest.param("meridian-dispatch/vaccine-cold-chain.txt", "‘Come back".encode(), id="nested-marks"),
        pytest.param("meridian-dispatch/village-shop.txt", "‘We own a shop,’".encode(), id="single-marks"),
        pytest.param("weser-tagblatt/deichschafe.txt", "„Ein Schaf".encode(), id="low-high-marks"),
        pytest.param("weser-tagblatt/deichschafe.txt", "»Die Wiese ist nass«".encode(), id="guillemets-pointing-in"),
        pytest.param("courrier-des-docks/horloge.txt", "« Tout".encode(), id="guillemets"),
        pytest.param("river-city-herald/water-hearing.txt", rb"\nPARDOE: ", id="transcript"),
        pytest.param("river-city-herald/street-voices.txt", rb'Achterberg, baker: "', id="name-colon"),
        pytest.param("harbour-post/gull-proof-bins.txt", "“gull-proof”".encode(), id="scare-quotes"),
        pytest.param("river-city-herald/bridge-vote.txt", rb"said that the repair", id="indirect-speech"),
        pytest.param("harbour-post/beet-train.txt", rb", according to Monteverde\.", id="according-to"),
        pytest.param("meridian-dispatch/vaccine-cold-chain.txt", rb"Alliance \(EACCA\)", id="acronym-definition"),
        pytest.param("meridian-dispatch/press-release.txt", rb"^{\\rtf1", id="rtf-in-disguise"),
        pytest.param("northern-wire/photo-4471.txt", rb"\x00", id="nul-bytes"),
        pytest.param("river-city-herald/pending.txt", rb"^$", id="empty-file"),
        pytest.param("saltmarsh-echo/oyster-court.html", rb'"@graph": \[(?s:.)*"NewsArticle"', id="json-ld-graph"),
        pytest.param("saltmarsh-echo/oyster-court.html", rb'"author": \[{"@id"', id="author-by-reference"),
        pytest.param("saltmarsh-echo/oyster-court.html", rb"<blockquote>.*<footer>Hetty Brannock", id="blockquote"),
        pytest.param("saltmarsh-echo/oyster-court.html", rb"<figcaption>The fence", id="figure-with-caption"),
        pytest.param("saltmarsh-echo/oyster-court.html", rb'<aside class="related">.*\n.*&ldquo;I was', id="related"),
        pytest.param("saltmarsh-echo/pier-lift.html", rb'"{{author.name}}"},\n}\n</script>', id="broken-json-ld"),
        pytest.param("saltmarsh-echo/pier-lift.html", rb'rel="canonical" href="/news/', id="relative-canonical"),
        pytest.param("saltmarsh-echo/pier-lift.html", rb"<q>My father told me <q>", id="q-within-q"),
        pytest.param("saltmarsh-echo/pier-lift.html", rb"<ul><li>wheelchairs", id="list"),
        pytest.param("saltmarsh-echo/pier-lift.html", rb"<time [^>]*>3 hours ago</time>", id="relative-time"),
        pytest.param("saltmarsh-echo/seed-library.html", rb"windows-1252(?s:.)*\x93It is a loan", id="html-in-cp1252"),
        pytest.param("saltmarsh-echo/seed-library.html", rb'itemprop="datePublished"', id="microdata"),
        pytest.param("saltmarsh-echo/seed-library.html", rb"(?s)(If you eat the book).*pull.*\1", id="pull-quote"),
        pytest.param("saltmarsh-echo/seed-library.html", rb'class="correction"', id="correction-on-a-page"),
        pytest.param("saltmarsh-echo/dredger-accounts.html", rb'"isAccessibleForFree": false', id="paywall"),
        pytest.param("saltmarsh-echo/sign-in.html", rb'type="password"', id="login-page"),
        pytest.param("wire-export/agency.jsonl", rb'"title_page": null, "title_rss": null', id="news-please"),
        pytest.param("wire-export/agency.jsonl", rb"(?m)was $", id="line-cut-short"),
        pytest.param("wire-export/agency.jsonl", rb'"date_publish": null', id="record-without-date"),
        pytest.param("wire-export/archive.json", rb'^\[\n(?s:.)*"content_html": "<p', id="array-with-html-field"),
        pytest.param("wire-export/desk.csv", rb'^\xef\xbb\xbfurl,.*\r\n(?s:.)*""A goat', id="csv-as-of-a-spreadsheet"),
        pytest.param("crawl/crawl.warc.gz", rb"HTTP/1\.1 301 .*\r\nLocation: /2023", id="redirect"),
        pytest.param("crawl/crawl.warc.gz", rb"HTTP/1\.1 404 ", id="page-not-found"),
        pytest.param("crawl/crawl.warc.gz", rb"Content-Encoding: gzip", id="compressed-response"),
        pytest.param("crawl/crawl.warc.gz", rb"charset=windows-1252", id="charset-in-the-header"),
        pytest.param("crawl/feed.xml", rb"<content:encoded>", id="feed-with-the-article"),
        pytest.param("crawl/feed.xml", rb"&lt;a href=.*Continue reading", id="feed-with-a-teaser"),
        pytest.param("crawl/pages.zip", rb'"url": "https://www\.lagoonstar', id="sidecar-in-an-archive"),
    ],
)
def test_quirk_is_shown(name: str, sign: bytes) -> None:
    assert re.search(sign, FILES[name])


@pytest.mark.parametrize(
    ("headline", "published_at", "source", "authors"),
    [
        pytest.param(
            "Oyster growers win back the tide in court",
            "2024-05-21T16:40:00+01:00",
            "json_ld",
            ("Ruth Calloway-Penn",),
            id="json-ld-graph",
        ),
        pytest.param(
            "Pier lift carries its first passenger, a dog",
            "2024-06-07T10:15:00+01:00",
            "meta",
            ("Owen Tredinnick",),
            id="open-graph-beside-broken-json-ld",
        ),
        pytest.param(
            "Library lends seeds, and wants them back", "2022-03-10", "time", ("Agnès Morvane",), id="microdata"
        ),
        pytest.param(
            "Strike of one stops the lagoon line",
            "2024-06-02 18:44:00",
            "record",
            ("Mirko Zennaro",),
            id="desk-is-nobody",
        ),
        pytest.param("Town clock to be right once an hour", "2019-11-12T09:00:00+01:00", "record", (), id="no-author"),
        pytest.param("Deaf choir, loud applause", "2023-07-19", "record", (), id="empty-cells"),
        pytest.param("Snow plough sold, snow falls", "2023-05-02", "htmldate", (), id="date-in-sight-only"),
        pytest.param(
            "Brass band & seal share a slipway",
            "Tue, 14 May 2024 09:05:00 +0100",
            "record",
            ("Lowenna Prisk",),
            id="feed",
        ),
        pytest.param(
            "The diver who found the mayor's bicycle",
            "2024-05-09T16:20:00+02:00",
            "sidecar",
            ("Mirko Zennaro", "Giulia Barbarigo"),
            id="sidecar-in-an-archive",
        ),
    ],
)
def test_metadata(headline: str, published_at: str, source: str, authors: tuple[str, ...]) -> None:
    (about,) = [article.metadata for article in articles() if article.metadata.headline == headline]
    assert (about.published_at, about.source_of("published_at"), about.authors) == (published_at, source, authors)


@pytest.mark.parametrize(
    ("headline", "flags"),
    [
        pytest.param("The dredger that dredged nothing", ("paywall_teaser",), id="paywall"),
        pytest.param("Rope shop turns three hundred", ("feed_teaser",), id="teaser-in-a-feed"),
        pytest.param("Brass band & seal share a slipway", (), id="whole-article-in-a-feed"),
        pytest.param("Oyster growers win back the tide in court", (), id="whole-page"),
    ],
)
def test_part_of_an_article_is_flagged(headline: str, flags: tuple[str, ...]) -> None:
    assert [article.flags for article in articles() if article.metadata.headline == headline] == [flags]


def test_correction_has_the_address_of_the_first_version_and_a_later_date() -> None:
    first, second = (SIDECARS[f"harbour-post/harbour-tolls{part}.json"] for part in ("", "-corrected"))
    assert second["url"].split("?")[0] == first["url"]
    assert second["fetched_at"] > first["fetched_at"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("harbour-post/beet-train.txt", "river-city-herald/sugar-beets-in-the-creek.txt", id="text"),
        pytest.param("harbour-post/ferry-cables.txt", "tidewater-ledger/tagus-ferries.html", id="page"),
        pytest.param("northern-wire/paramo-road.txt", "lagoon-star/moorland-road.html", id="page-in-an-archive"),
    ],
)
def test_syndicated_copies_are_nearly_the_same(first: str, second: str) -> None:
    one, other = set(words(first)), set(words(second))
    assert article(first).text != article(second).text
    assert len(one & other) / len(one | other) > 0.85
    assert article(first).metadata.headline != article(second).metadata.headline


def test_about_half_of_the_texts_have_a_sidecar() -> None:
    texts = [name for name in FILES if name.endswith(".txt")]
    beside = [name for name in texts if f"{name.removesuffix('.txt')}.json" in SIDECARS]
    assert 0.4 <= len(beside) / len(texts) <= 0.8


def test_packed_samples_contain_no_packing_time() -> None:
    packed = (RAW / "crawl/crawl.warc.gz").read_bytes()
    assert packed.startswith(b"\x1f\x8b\x08\x00" + bytes(4))
    with zipfile.ZipFile(RAW / "crawl/pages.zip") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
