"""Write the article's text, and record which raw bytes each stretch of it is from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.contract import QualityFlag, RawSpan, Segment, SegmentKind

# Characters that a reader does not see but that split words for a program: control characters, zero-width characters,
# soft hyphens, byte order marks; and lone surrogates, which UTF-8 cannot encode.
UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufffe\uffff\ud800-\udfff]+"
)
# UTF-8 decoded as cp1252 or Latin-1: the letter of a lead byte, then the character of a continuation byte.
MOJIBAKE = re.compile(r"[ÂÃÅÐÑâð][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")


@dataclass(slots=True)
class TextBuilder:
    """Joins stretches of the raw text, and records where each is from."""

    raw: str
    parts: list[str] = field(default_factory=list)
    length: int = 0
    stretches: list[tuple[int, int, int]] = field(default_factory=list)  # start and end in the text, start in raw
    segments: list[Segment] = field(default_factory=list)
    flags: set[QualityFlag] = field(default_factory=set)

    def add_segment(self, kind: SegmentKind, lines: Sequence[tuple[int, int]], separator: str) -> None:
        """Append a segment that consists of ranges of the raw text."""
        before, flags = self._position(), set(self.flags)
        if self.length:
            self._append(separator)
        start = self.length
        for number, (first, last) in enumerate(lines):
            if number:
                self._append(" ")
            self._add_line(first, last)
        if self.length == start:  # it has no visible text
            self._reset(before)
            self.flags = flags
        else:
            self.segments.append(Segment(kind, start, self.length))

    def add_given(self, kind: SegmentKind, text: str, separator: str) -> None:
        """Append a segment that is given in the metadata, not in the raw text."""
        if self.length:
            self._append(separator)
        start = self.length
        self._append(text)
        self.segments.append(Segment(kind, start, self.length))

    def _position(self) -> tuple[int, int, int]:
        return len(self.parts), self.length, len(self.stretches)

    def _reset(self, position: tuple[int, int, int]) -> None:
        part_count, self.length, stretch_count = position
        del self.parts[part_count:]
        del self.stretches[stretch_count:]

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
        start = 0
        for unseen in UNSEEN.finditer(line):
            self.flags.add("characters_dropped")
            self._add_stretch(line[start : unseen.start()], first + start)
            start = unseen.end()
        self._add_stretch(line[start:], first + start)

    def _add_stretch(self, text: str, raw_start: int) -> None:
        if text:
            self.stretches.append((self.length, self.length + len(text), raw_start))
            self._append(text)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.parts)


def as_raw_spans(builder: TextBuilder, encoding: str, start_byte: int) -> list[RawSpan]:
    """Return the byte range of each stretch; one pass over the raw text."""
    spans = []
    char_offset, byte_offset = 0, start_byte
    for start, end, raw_start in sorted(builder.stretches, key=lambda stretch: stretch[2]):
        byte_offset += _byte_length(builder.raw[char_offset:raw_start], encoding)
        length = _byte_length(builder.raw[raw_start : raw_start + end - start], encoding)
        spans.append(RawSpan(start, end, byte_offset, byte_offset + length))
        char_offset, byte_offset = raw_start + end - start, byte_offset + length
    return sorted(spans, key=lambda span: span.start_char)


def _byte_length(text: str, encoding: str) -> int:
    return len(text.encode(encoding))
