"""Properties of pairing quotation marks: in any text, quotations are inside their segment and in order."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.contract import Segment
from pipeline.language.marks import CURLY_OPENING, SINGLE_OPENING, pair_marks

TEXTS = st.text(st.sampled_from("ab7 .,:\n\u00a0א'‘’\"״“”„‟«»‹›「」『』`"), max_size=60)


@given(TEXTS, st.sampled_from([CURLY_OPENING, SINGLE_OPENING]))
def test_quotations_are_inside_their_segment_and_in_order(text: str, single_opening: re.Pattern[str]) -> None:
    segments = [Segment("paragraph", part.start(), part.end()) for part in re.finditer(r"\S.*", text)]
    found = pair_marks(text, segments, single_opening)
    for quotation in found:
        segment = segments[quotation.segment]
        assert (
            segment.start_char
            <= quotation.outer_start
            <= quotation.start
            < quotation.end
            <= quotation.outer_end
            <= segment.end_char
        )
        assert text[quotation.start : quotation.end] == text[quotation.start : quotation.end].strip()
    assert all(before.outer_end <= after.outer_start for before, after in pairwise(found))
