"""What a sidecar may say, and what breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.contract import RawMetadata, RawRef, Reject
from pipeline.read.sidecar import About, read_sidecar

REF = RawRef("wire", "story.txt", "0", "")


def read(tmp_path: Path, content: bytes) -> About | Reject:
    path = tmp_path / "story.json"
    path.write_bytes(content)
    return read_sidecar(REF, path)


def test_no_sidecar_says_nothing() -> None:
    assert read_sidecar(REF, None) == About()


@pytest.mark.parametrize(
    ("content", "metadata"),
    [
        pytest.param(b'{"url": " https://post.example/a "}', RawMetadata(url="https://post.example/a"), id="trimmed"),
        pytest.param(b'{"headline": " "}', RawMetadata(), id="blank-is-nothing"),
        pytest.param(b'{"language": null}', RawMetadata(), id="null-is-nothing"),
        pytest.param(b'{"author": "Mara Oduya"}', RawMetadata(authors=("Mara Oduya",)), id="one-author"),
        pytest.param(b'{"authors": ["Mara Oduya", " "]}', RawMetadata(authors=("Mara Oduya",)), id="authors"),
        pytest.param(b'\xef\xbb\xbf{"section": "City"}', RawMetadata(section="City"), id="byte-order-mark"),
    ],
)
def test_sidecar_is_read(tmp_path: Path, content: bytes, metadata: RawMetadata) -> None:
    found = read(tmp_path, content)
    assert isinstance(found, About)
    assert (found.metadata, found.flags) == (metadata, ())


def test_unknown_key_is_told_and_does_no_harm(tmp_path: Path) -> None:
    found = read(tmp_path, b'{"section": "City", "mood": "grim"}')
    assert isinstance(found, About)
    assert found.metadata.section == "City"
    assert found.flags == ("sidecar_unknown_keys",)
    assert "'mood'" in found.notes[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"{", "Expecting", id="cut-short"),
        pytest.param(b"", "Expecting", id="empty"),
        pytest.param(b"[1]", "holds a list", id="no-object"),
        pytest.param(b"null", "holds a NoneType", id="null"),
        pytest.param(b'{"url": 7}', "'url' is 7", id="number-for-text"),
        pytest.param(b'{"authors": [1]}', "'authors' is [1]", id="number-for-a-name"),
        pytest.param(b'{"authors": {"name": "x"}}', "'authors' is", id="object-for-names"),
        pytest.param(b'{"section": "caf\xe9"}', "utf-8", id="not-utf-8"),
        pytest.param(b"[" * 100_000, "", id="nested-too-deep"),
    ],
)
def test_broken_sidecar_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    found = read(tmp_path, content)
    assert isinstance(found, Reject)
    assert found.reason == "broken_sidecar"
    assert found.detail.startswith("story.json: ")
    assert said in found.detail
