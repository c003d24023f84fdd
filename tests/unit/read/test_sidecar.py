"""What a sidecar may say, and what breaks it."""

from __future__ import annotations

import pytest

from pipeline.contract import RawMetadata
from pipeline.read.sidecar import About, read_sidecar


def given(**values: object) -> RawMetadata:
    return RawMetadata.of("sidecar", **values)


@pytest.mark.parametrize(
    ("content", "metadata"),
    [
        pytest.param(b'{"url": " https://post.example/a "}', given(url="https://post.example/a"), id="trimmed"),
        pytest.param(b'{"headline": " "}', RawMetadata(), id="blank-is-nothing"),
        pytest.param(b'{"language": null}', RawMetadata(), id="null-is-nothing"),
        pytest.param(b'{"author": "Mara Oduya"}', given(authors=("Mara Oduya",)), id="one-author"),
        pytest.param(b'{"authors": ["Mara Oduya", " "]}', given(authors=("Mara Oduya",)), id="authors"),
        pytest.param(b'\xef\xbb\xbf{"section": "City"}', given(section="City"), id="byte-order-mark"),
    ],
)
def test_sidecar_is_read(content: bytes, metadata: RawMetadata) -> None:
    found = read_sidecar(content)
    assert isinstance(found, About)
    assert (found.metadata, found.flags) == (metadata, ())


def test_unknown_key_is_reported_and_ignored() -> None:
    found = read_sidecar(b'{"section": "City", "mood": "grim"}')
    assert isinstance(found, About)
    assert found.metadata.section == "City"
    assert found.flags == ("sidecar_unknown_keys",)
    assert "'mood'" in found.notes[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"{", "Expecting", id="cut-short"),
        pytest.param(b"", "Expecting", id="empty"),
        pytest.param(b"[1]", "has a list", id="no-object"),
        pytest.param(b"null", "has a NoneType", id="null"),
        pytest.param(b'{"url": 7}', "'url' is 7", id="number-for-text"),
        pytest.param(b'{"authors": [1]}', "'authors' is [1]", id="number-for-a-name"),
        pytest.param(b'{"authors": {"name": "x"}}', "'authors' is", id="object-for-names"),
        pytest.param(b'{"section": "caf\xe9"}', "utf-8", id="not-utf-8"),
        pytest.param(b"[" * 100_000, "", id="nested-too-deep"),
    ],
)
def test_fault_is_described(content: bytes, said: str) -> None:
    found = read_sidecar(content)
    assert isinstance(found, str)
    assert said in found


def test_charset_that_the_server_named_is_kept() -> None:
    found = read_sidecar(b'{"status": 200, "headers": {"content-type": "text/html; charset=\\"Windows-1252\\""}}')
    assert isinstance(found, About)
    assert (found.charset, found.flags) == ("windows-1252", ())
