"""The tagger on odd texts and damaged files; its findings depend on the text only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path

import pytest

from pipeline.contract import Article, RawArticle, RawRef, Segment
from pipeline.entities import extract_mentions
from pipeline.errors import ModelError
from pipeline.language import read_language
from pipeline.language.marks import pair_marks
from pipeline.language.tagger import FOLDER, NO_TAGS, Tagger, Tags, load_tagger
from pipeline.normalise import normalise
from pipeline.quotes import extract_quotes

STORY = """The harbour board will not sell the ferry, its chairwoman, Mara Oduya, said on Monday.

“We pay for it,” she told reporters, “and nobody else does.” Jon Hazebroek, who leads the council, denied that any \
money was owed. According to the coast guard, the quay has been closed since March."""
SPEAKERS = ("Mara Oduya", "Jon Hazebroek", "The harbour master", "Ilse Brandt", "A spokesman for the council")
CUES = ("said", "announced", "warned", "believes")


def tag(text: str, tagger: Tagger | None = None) -> Tags:
    """Return the tags of a text in which every line is a paragraph and a sentence."""
    lines = [found.span() for found in re.finditer(r"\S.*", text)]
    segments = [Segment("paragraph", start, end) for start, end in lines]
    return (tagger or load_tagger(1)).tag(text, lines, segments, pair_marks(text, segments))


def as_article(text: str) -> Article:
    article = normalise(RawArticle(RawRef("wire", "story.txt", "0", "0" * 64), "text", "utf-8", text))
    assert isinstance(article, Article)
    return article


def test_source_cue_and_content_are_found() -> None:
    article = as_article(STORY)
    found = {(span.role, article.text[span.start : span.end]) for span in read_language(article).tags.spans}
    assert {("content", "We pay for it"), ("source", "she"), ("cue", "denied")} <= found
    assert ("content", "that any money was owed") in found


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        pytest.param("The mayor, Mara Oduya, resigned.", "PERSON", "Mara Oduya", id="person"),
        pytest.param("Officials of the World Health Organization left.", "ORG", "World Health Organization", id="body"),
        pytest.param("The ferry leaves for Norway at noon.", "GPE", "Norway", id="country"),
        pytest.param("The ship sank in the Baltic Sea.", "LOC", "Baltic Sea", id="sea"),
        pytest.param("Two Norwegian fishermen were rescued.", "NORP", "Norwegian", id="nationality"),
        pytest.param("PRESIDENT PUTIN VISITS NORWAY", "PERSON", "PUTIN", id="capitals-throughout"),
    ],
)
def test_names_are_found_without_titles(text: str, kind: str, name: str) -> None:
    assert (kind, name) in {(found.kind, text[found.start : found.end]) for found in tag(text).names}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("The ferry leaves at noon, and the harbour is closed.", id="no-names"),
        pytest.param("On Monday, 3 December, it rained.", id="dates"),
        pytest.param("It cost $4.5 million, or €4 million.", id="money"),
    ],
)
def test_dates_and_money_are_not_names(text: str) -> None:
    assert tag(text).names == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("Ferry", id="one-word"),
        pytest.param("“", id="one-mark"),
        pytest.param('""""\n\n“”„“«»\'\'``‘’\n\n“““', id="quotation-marks-only"),
        pytest.param("3 – 1, 4:15 … 70 % (!)\n\n+++ 000 +++", id="no-letters"),
        pytest.param("\u200b\u200d\ufeff\u00ad", id="invisible-characters"),
        pytest.param("Mara Oduya said: «Паром останется», 船は残る, λέει ο δήμαρχος, قال العمدة.", id="mixed-scripts"),
        pytest.param("“We 👩‍👩‍👧 pay 👍🏽 for it 🇫🇷,” Mara 🚢 Oduya said 🎉.", id="emoji"),
        pytest.param("“Zo\u0308e paid,” Zo\u0308e Andre\u0301 said: “I a\u0301\u0302\u0303 did.”", id="combining"),
        pytest.param("𝐌𝐚𝐫𝐚 𝐎𝐝𝐮𝐲𝐚 𝐬𝐚𝐢𝐝 𝐭𝐡𝐞 𝐟𝐞𝐫𝐫𝐲 𝐬𝐭𝐚𝐲𝐬. Oduya said so.", id="beyond-the-basic-plane"),
        pytest.param("She said " + "very " * 700 + "much.", id="sentence-longer-than-a-window"),
        pytest.param("She said it. He denied it.\n" * 3 + "said " * 400, id="long-sentence-behind-short-ones"),
        pytest.param("a" * 20_000, id="word-of-20,000-letters"),
        pytest.param("said\x00that\x07it", id="control-characters"),
    ],
)
def test_tags_are_inside_the_text_and_in_order(text: str) -> None:
    tags = tag(text)
    for spans in (tags.spans, tags.names):
        previous_end = 0
        for span in spans:
            assert previous_end <= span.start < span.end <= len(text)
            assert text[span.start : span.end] == text[span.start : span.end].strip()
            previous_end = span.end
    assert all(0 < name.confidence <= 1 for name in tags.names)


def test_a_text_without_words_has_no_tags() -> None:
    assert load_tagger(1).tag(" \n ", [], [], []) == NO_TAGS


@pytest.mark.parametrize(
    "sign",
    [
        pytest.param("🚢", id="emoji"),
        pytest.param("👩‍👩‍👧", id="emoji-joined"),
        pytest.param("Zo\u0308e", id="combining"),
        pytest.param("𝐅𝐞𝐫𝐫𝐲", id="beyond-the-basic-plane"),
        pytest.param("Паром", id="cyrillic"),
        pytest.param("船", id="chinese"),
    ],
)
def test_offsets_are_right_behind(sign: str) -> None:
    text = f"{sign * 3}\n\n“We {sign} pay for it,” Mara Oduya said on Monday. “Nobody else does {sign},” said Jon Hazebroek."
    tags = tag(text)
    found = {(span.role, text[span.start : span.end]) for span in tags.spans}
    assert {("content", f"We {sign} pay for it"), ("source", "Mara Oduya"), ("cue", "said")} <= found
    assert ("source", "Jon Hazebroek") in found
    assert {"Mara Oduya", "Jon Hazebroek"} <= {text[name.start : name.end] for name in tags.names}


def test_threads_change_nothing() -> None:
    assert tag(STORY, Tagger(threads=1)) == tag(STORY, Tagger(threads=2))


def test_texts_tagged_before_change_nothing() -> None:
    alone = tag(STORY)
    tag("“No.”\n" * 300)
    assert tag(STORY) == alone


@pytest.mark.slow
def test_workers_change_nothing() -> None:
    articles = [as_article(f"{STORY}\n\nThe ferry leaves at {hour}, the harbour master said.") for hour in range(6)]
    here = [read_language(article) for article in articles]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        there = list(pool.map(read_language, articles))
    assert [reading.tags for reading in there] == [reading.tags for reading in here]


@pytest.mark.parametrize("name", ["tagger.onnx", "tokenizer.json"])
@pytest.mark.parametrize(
    "found",
    [
        pytest.param(None, id="missing"),
        pytest.param(b"", id="empty"),
        pytest.param("half", id="cut-off"),
        pytest.param(b"<html>Not found</html>", id="another-file"),
        pytest.param(b"\xff\x00" * 1000, id="noise"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1\n", id="pointer-of-git-lfs"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, found: bytes | str | None) -> None:
    for whole in FOLDER.iterdir():
        (tmp_path / whole.name).symlink_to(whole)
    damaged = tmp_path / name
    damaged.unlink()
    if found is not None:
        whole_bytes = (FOLDER / name).read_bytes()
        damaged.write_bytes(found if isinstance(found, bytes) else whole_bytes[: len(whole_bytes) // 2])
    with pytest.raises(ModelError) as raised:
        Tagger(tmp_path)
    assert str(damaged) in str(raised.value)
    assert "missing or damaged" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", ["tagger.onnx", "tokenizer.json"])
def test_a_damaged_file_ends_the_command_with_one_line(tmp_path: Path, name: str, workers: int) -> None:
    installed = tmp_path / "installed"  # both packages: onrecord runs only the pipeline beside it
    shutil.copytree(FOLDER.parents[2], installed, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    damaged = installed / "pipeline" / "language" / "model" / name
    damaged.write_bytes(damaged.read_bytes()[:100_000])
    raw = tmp_path / "wire"
    raw.mkdir()
    for number in range(100 * workers):  # a pool is started for more than one batch
        (raw / f"story-{number}.txt").write_text(f"{STORY} Quay {number} too.", "utf-8")
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "onrecord",
            "curate",
            raw,
            "--into",
            tmp_path / "curated",
            "--workers",
            str(workers),
        ],
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert str(damaged) in ran.stderr
    lines = [line for line in ran.stderr.splitlines() if not re.fullmatch(r"\d+ of \d+ files", line)]
    assert len(lines) == 1
    assert not (tmp_path / "curated" / "current").exists()


def story_of(words: int) -> str:
    """Return plain news of about so many words, with a few attributions in every paragraph."""
    said = (
        f"{speaker} {cue} that ferry number {number} would stay for the winter. “We pay for it,” she added."
        for number, speaker, cue in zip(range(words // 20), cycle(SPEAKERS), cycle(CUES), strict=False)
    )
    return "The ferry stays\n\n" + "\n\n".join(" ".join(islice(said, 3)) for _ in range(words // 60))


@pytest.mark.slow
def test_ten_times_the_words_take_ten_times_the_time() -> None:
    resource = pytest.importorskip("resource")
    seconds, peak = [], []
    for words in (4_000, 40_000):  # 200,000 words: CHANGELOG.md
        article = as_article(story_of(words))
        start = time.process_time()
        reading = read_language(article)
        assert len(extract_quotes(article, reading, extract_mentions(article, reading))) > words / 40
        seconds.append(time.process_time() - start)
        peak.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert seconds[1] < 15 * seconds[0]
    assert peak[1] - peak[0] < 300_000  # kB
