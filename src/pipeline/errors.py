"""What can go wrong with a run. A bad record is no error: it is a ``Reject`` row (see ``contract``)."""

from __future__ import annotations

from pathlib import Path


class OnrecordError(Exception):
    """A run that cannot go on; its message says what was found, where, and what to do."""


class UsageError(OnrecordError):
    """The arguments cannot be used as they are: one clear line, exit code 2."""


class ModelError(OnrecordError):
    """A file of the language model is missing or damaged: exit code 2, and nothing was published."""

    def __init__(self, path: Path, found: str) -> None:
        """Say which file, and what was found there."""
        super().__init__(path, found)  # what it is made of again when it comes from a worker

    def __str__(self) -> str:
        path, found = self.args
        return (
            f"{path} belongs to the language model and is missing or damaged: {found}; "
            "nothing was published: install onrecord again"
        )


class LockedError(OnrecordError):
    """Another run is writing the same data set."""


class ValidationFailedError(OnrecordError):
    """A rule on whole tables failed: nothing was published, exit code 1."""


class LedgerError(OnrecordError):
    """The records that came in and those that came out do not add up: a bug, and nothing was published."""


class StorageError(OnrecordError):
    """The disk refused while a version was built: nothing was published."""


class UnreachableError(OnrecordError):
    """The store that holds the raw articles does not answer: nothing was published."""
