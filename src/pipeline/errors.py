"""The errors that end a run. A bad record is not an error but a ``Reject`` row (see ``contract``)."""

from __future__ import annotations

from pathlib import Path


class OnrecordError(Exception):
    """A run cannot continue; the message says what was found, where, and what to do."""


class UsageError(OnrecordError):
    """The arguments or settings cannot be used; exit code 2."""


class ModelError(OnrecordError):
    """A file of the language model is missing or damaged; nothing was published, exit code 2."""

    def __init__(self, path: Path, found: str) -> None:
        """Name the file and what was found in it."""
        super().__init__(path, found)  # the arguments, from which pickle makes it again

    def __str__(self) -> str:
        path, found = self.args
        return (
            f"{path} belongs to the language model and is missing or damaged: {found}; "
            "nothing was published: install onrecord again"
        )


class LockedError(OnrecordError):
    """Another run is writing the same data set."""


class ValidationFailedError(OnrecordError):
    """A rule on whole tables failed; nothing was published, exit code 1."""


class LedgerError(OnrecordError):
    """The ledger does not add up, which is a bug; nothing was published."""


class StorageError(OnrecordError):
    """The disk refused a write; the message says whether the version was published."""


class UnreachableError(OnrecordError):
    """The store with the raw files does not answer; nothing was published."""
