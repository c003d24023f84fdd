"""For any two versions the changes add up, both ways, whichever parts the articles are in."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.diff import Difference, compare
from pipeline.diff.word_diff import mark_words
from pipeline.store import Version
from tests.unit.test_diff import FIRST, SECOND, article, quote, run
from tests.unit.versions import Home, new_version, write_parts, write_table

STEADY = settings(derandomize=True, max_examples=25, deadline=None)
SAID = (
    "The pier opens in May.", "The pier opens in June.", "Nobody asked us.", "The pier never opens.", "We are glad.",
)  # fmt: skip
# An article: its headline, its record's digest, and which quotes it has with whose name.
Content = tuple[str, str, Mapping[str, str]]
CONTENTS = st.tuples(
    st.sampled_from(["Pier opens", "Pier stays shut"]),
    st.sampled_from(["a" * 64, "b" * 64]),
    st.dictionaries(st.sampled_from(SAID), st.sampled_from(["Mara Oduya", "Tom Reed", ""]), max_size=4),
)
VERSIONS = st.dictionaries(st.integers(0, 5), CONTENTS)
FOLDER = tempfile.TemporaryDirectory()  # removed when the tests end


def written(content: Mapping[int, Content], run_id: str, part_of: Mapping[int, int]) -> Version:
    """Write a version whose articles are in the parts that ``part_of`` says."""
    rows: dict[Home, list[object]] = {}
    for number, (headline, digest, said) in content.items():
        part = rows.setdefault((f"2024-0{1 + part_of.get(number, 0)}", "part-0.parquet"), [])
        part.append(article(number, headline=headline, raw_sha256=digest, run_id=run_id))
        for position, (text, name) in enumerate(said.items()):
            nobody = {"speaker_name": None, "speaker_status": "unresolved", "speaker_entity_id": None}
            part.append(quote(text, number, position=position, **({"speaker_name": name} if name else nobody)))
    version = new_version(Path(FOLDER.name), run_id)
    write_parts(version, rows)
    write_table(version, "runs", [run(FIRST), run(SECOND)])
    return version


def totals(difference: Difference) -> Counter[str]:
    found: Counter[str] = Counter()
    for group, count in difference.counts.items():
        found[f"{group.what} {group.kind}"] += count
    return found


@STEADY
@given(before=VERSIONS, after=VERSIONS, places=st.dictionaries(st.integers(0, 5), st.integers(0, 2)))
def test_changes_add_up_both_ways_whatever_the_parts(
    before: dict[int, Content], after: dict[int, Content], places: dict[int, int]
) -> None:
    old, new = written(before, FIRST, {}), written(after, SECOND, places)
    there, back = totals(compare(old, new)), totals(compare(new, old))
    quotes = [sum(len(said) for _, _, said in version.values()) for version in (before, after)]
    assert len(after) - len(before) == there["article added"] - there["article removed"]
    assert quotes[1] - quotes[0] == there["quote added"] - there["quote removed"]
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert there == {f"{what} {turned[kind]}": n for (what, kind), n in ((key.split(), n) for key, n in back.items())}
    assert there == totals(compare(old, written(after, SECOND, {})))


@STEADY
@given(version=VERSIONS, places=st.dictionaries(st.integers(0, 5), st.integers(0, 2)))
def test_equal_rows_are_not_a_change(version: dict[int, Content], places: dict[int, int]) -> None:
    assert not compare(written(version, FIRST, {}), written(version, SECOND, places)).counts


@STEADY
@given(words=st.lists(st.sampled_from(["tide ", "moon\n\n", "sun  ", "rain"]), max_size=15), seed=st.integers(0, 999))
def test_marked_words_make_up_both_values(words: Sequence[str], seed: int) -> None:
    draw = random.Random(seed)
    old = "".join(words).strip()
    new = "".join(word for word in words for _ in range(draw.choice((0, 1, 1, 2)))).strip()
    spans = mark_words(old, new)
    assert "".join(span.text for span in spans if span.is_in != "before").split() == new.split()
    assert "".join(span.text for span in spans if span.is_in != "after").split() == old.split()
