"""Canonical addresses, article ids and publishers."""

from __future__ import annotations

import pytest

from pipeline.contract import RawMetadata, RawRef
from pipeline.normalise.identity import canonicalise_url, identify, name_publisher

REF = RawRef("wire", "a.txt", "0", "f" * 64)


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        pytest.param("http://www.Post.example/Tolls/", "https://post.example/Tolls", id="scheme-www-case-slash"),
        pytest.param("https://post.example/a?utm_source=x&fbclid=1", "https://post.example/a", id="tracking"),
        pytest.param("https://post.example/a?id=7&utm_medium=m", "https://post.example/a?id=7", id="kept-parameter"),
        pytest.param("https://post.example/a?b=2&a=1", "https://post.example/a?a=1&b=2", id="order-of-parameters"),
        pytest.param("https://post.example/a#top", "https://post.example/a", id="fragment"),
        pytest.param("https://post.example:443/a", "https://post.example/a", id="usual-port"),
        pytest.param("https://post.example:8443/a", "https://post.example:8443/a", id="other-port"),
        pytest.param("https://post.example", "https://post.example", id="host-alone"),
        pytest.param("ftp://post.example/a", None, id="not-a-web-page"),
        pytest.param("post.example/a", None, id="no-scheme"),
        pytest.param("https://post.example/story?1234", "https://post.example/story?1234=", id="number-without-a-name"),
        pytest.param("https://post.example/#!/tolls", "https://post.example#!/tolls", id="page-in-the-fragment"),
        pytest.param("https://[::1/a", None, id="broken-host"),
        pytest.param("https://post.example:99999/a", None, id="no-such-port"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_canonicalise_url(url: str, canonical: str | None) -> None:
    assert canonicalise_url(url) == canonical
    assert canonical is None or canonicalise_url(canonical) == canonical


def test_id_depends_only_on_the_address() -> None:
    other = RawRef("archive", "b.txt", "3", "0" * 64)
    assert identify(REF, "https://post.example/a") == identify(other, "https://post.example/a")


def test_id_without_an_address_depends_on_the_path_not_the_bytes() -> None:
    assert identify(REF, None) == identify(RawRef("wire", "a.txt", "0", "0" * 64), None)
    assert identify(REF, None) != identify(RawRef("wire", "b.txt", "0", "f" * 64), None)


@pytest.mark.parametrize(
    ("given", "default", "url", "expected"),
    [
        pytest.param("Post", "Herald", "https://post.example/a", ("Post", "sidecar"), id="given"),
        pytest.param(None, "Herald", "https://post.example/a", ("Herald", "setting"), id="setting"),
        pytest.param(None, None, "https://post.example/a", ("post.example", "url"), id="address"),
        pytest.param(None, None, None, ("wire", "source"), id="collection"),
    ],
)
def test_publisher(given: str | None, default: str | None, url: str | None, expected: tuple[str, str]) -> None:
    assert name_publisher(RawMetadata.of("sidecar", publisher=given), default, url, "wire") == expected
