"""Writing the article's text, and keeping account of the raw bytes behind it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.contract import QualityFlag, RawSpan, Segment, SegmentKind

# Characters a reader does not see, and that would part words for a program: controls, zero width, soft hyphens, marks
# of byte order; and lone surrogates, which no UTF-8 can hold.
UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufffe\uffff\ud800-\udfff]+"
)
# How UTF-8 looks that was read as cp1252 or Latin-1: a lead byte's letter and a continuation byte's sign.
MOJIBAKE = re.compile(r"[ÂÃÅÐÑâð][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")


@dataclass(slots=True)
class TextBuilder:
    """Collects stretches of the raw text, and knows for each where it came from."""

    raw: str
    parts: list[str] = field(default_factory=list)
    length: int = 0
    stretches: list[tuple[int, int, int]] = field(default_factory=list)  # start and end in text, start in raw
    segments: list[Segment] = field(default_factory=list)
    flags: set[QualityFlag] = field(default_factory=set)

    def add_segment(self, kind: SegmentKind, lines: Sequence[tuple[int, int]], separator: str) -> None:
        """Append a segment made of ranges of the raw text."""
        before, flags = self._mark(), set(self.flags)
        if self.length:
            self._append(separator)
        start = self.length
        for number, (first, last) in enumerate(lines):
            if number:
                self._append(" ")
            self._add_line(first, last)
        if self.length == start:  # nothing visible in it
            self._reset(before)
            self.flags = flags
        else:
            self.segments.append(Segment(kind, start, self.length))

    def add_given(self, kind: SegmentKind, text: str, separator: str) -> None:
        """Append a segment that stands beside the raw text, not in it."""
        if self.length:
            self._append(separator)
        start = self.length
        self._append(text)
        self.segments.append(Segment(kind, start, self.length))

    def _mark(self) -> tuple[int, int, int]:
        return len(self.parts), self.length, len(self.stretches)

    def _reset(self, mark: tuple[int, int, int]) -> None:
        del self.parts[mark[0] :]
        self.length = mark[1]
        del self.stretches[mark[2] :]

    def _append(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def _add_line(self, first: int, last: int) -> None:
        line = self.raw[first:last]
        if MOJIBAKE.search(line):
            import ftfy  # late: few texts need it

            repaired = UNSEEN.sub("", ftfy.fix_encoding(line)).strip()
            if repaired != line:
                self.flags.add("mojibake_repaired")
                self._append(repaired)
                return
        at = 0
        for unseen in UNSEEN.finditer(line):
            self.flags.add("characters_dropped")
            self._add_stretch(line[at : unseen.start()], first + at)
            at = unseen.end()
        self._add_stretch(line[at:], first + at)

    def _add_stretch(self, text: str, raw_start: int) -> None:
        if text:
            self.stretches.append((self.length, self.length + len(text), raw_start))
            self._append(text)

    @property
    def text(self) -> str:
        """What was collected."""
        return "".join(self.parts)


def as_raw_spans(builder: TextBuilder, encoding: str, start_byte: int) -> list[RawSpan]:
    """The byte ranges of the stretches, counted in one pass over the raw text."""
    spans = []
    at_char, at_byte = 0, start_byte
    for start, end, raw_start in sorted(builder.stretches, key=lambda stretch: stretch[2]):
        at_byte += _byte_length(builder.raw[at_char:raw_start], encoding)
        length = _byte_length(builder.raw[raw_start : raw_start + end - start], encoding)
        spans.append(RawSpan(start, end, at_byte, at_byte + length))
        at_char, at_byte = raw_start + end - start, at_byte + length
    return sorted(spans, key=lambda span: span.start_char)


def _byte_length(text: str, encoding: str) -> int:
    return len(text.encode(encoding))
