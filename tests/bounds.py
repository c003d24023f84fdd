"""Bounds on what code may cost, measured so that other work on the machine does not change the result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def processor_seconds_below(limit: float) -> Iterator[None]:
    """Fail if the block takes more processor time of this process than ``limit``.

    A limit is many times what the block takes: it separates linear from quadratic, not fast from slow.
    """
    start = time.process_time()
    yield
    taken = time.process_time() - start
    assert taken < limit, f"{taken:.1f} s of processor time where {limit} s is the limit"
