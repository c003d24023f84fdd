"""Printed output matches a document if only its decimals differ a little."""

from __future__ import annotations

import pytest

from tests.outputs import are_alike


@pytest.mark.parametrize(
    ("expected", "actual", "is_alike"),
    [
        pytest.param("role  0.87  12", "role  0.87  12", True, id="equal"),
        pytest.param("role  0.87  12", "role  0.86  12", True, id="decimal-of-another-processor"),
        pytest.param("role  0.87  12", "role  0.80  12", False, id="decimal-far-off"),
        pytest.param("role  0.87  12", "role  0.87  13", False, id="other-count"),
        pytest.param("role  0.87  12", "name  0.87  12", False, id="other-word"),
        pytest.param("0.87 0.87", "0.87", False, id="missing-decimal"),
    ],
)
def test_outputs(expected: str, actual: str, is_alike: bool) -> None:
    assert are_alike(expected, actual) is is_alike
