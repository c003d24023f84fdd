"""Copies of one text are found, whatever the order; other reports of one event are not copies."""

from __future__ import annotations

import itertools
from datetime import date

from pipeline.duplicates import Body, find_duplicates

WIRE = (
    "The harbour of Port Ellery will close for nine days in June while divers remove the wreck of a grain barge, the "
    "harbour board said on Tuesday. The barge sank in a storm in March and has narrowed the channel since. Captain "
    "Mara Oduya, who leads the board, said pilots had guided more than four hundred ships past the wreck without an "
    "accident. Two shipping companies asked for an earlier date, but the board said the tides left no other choice. "
    "Fishing boats may use the northern entrance as long as the works last, and the ferry will run from the old pier."
)
EDITED = WIRE.replace("on Tuesday", "on Tuesday evening").replace("nine days", "9 days")
OTHER = (
    "Ferries from Port Ellery will leave from the old pier for more than a week this summer. A wreck in the channel is "
    "to be lifted, and the harbour stays shut meanwhile. Passengers should arrive twenty minutes early, the company "
    "advised, since the way to the old pier is longer and there is little room for cars beside the fish market there."
)


def bodies() -> list[Body]:
    return [
        Body("1" * 16, date(2024, 5, 7), "harbour/wreck.txt", WIRE),
        Body("2" * 16, date(2024, 5, 7), "northern/wreck.txt", EDITED),
        Body("3" * 16, date(2024, 5, 9), "weekly/wreck.txt", WIRE.upper()),
        Body("4" * 16, date(2024, 5, 8), "harbour/ferry.txt", OTHER),
        Body("5" * 16, None, "archive/wreck.txt", WIRE),
    ]


def test_copies_point_at_the_earliest() -> None:
    found = find_duplicates(bodies())
    assert {article: (copy.duplicate_of, copy.kind) for article, copy in found.items()} == {
        "2" * 16: ("1" * 16, "near"),
        "3" * 16: ("1" * 16, "exact"),
        "5" * 16: ("1" * 16, "exact"),
    }
    assert 0.7 <= found["2" * 16].similarity < 1


def test_order_of_arrival_does_not_matter() -> None:
    expected = find_duplicates(bodies())
    assert all(find_duplicates(order) == expected for order in itertools.permutations(bodies()))
