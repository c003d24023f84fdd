"""What can go wrong with a run. A bad record is no error: it is a ``Reject`` row (see ``contract``)."""


class OnrecordError(Exception):
    """A run that cannot go on; its message says what was found, where, and what to do."""


class UsageError(OnrecordError):
    """The arguments cannot be used as they are: one clear line, exit code 2."""


class ModelError(OnrecordError):
    """A file of the language model is missing or damaged; the message names it. Nothing was published, exit code 2.

    Takes the message and nothing else, as all of these: it may have to travel from a worker.
    """


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
