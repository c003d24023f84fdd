"""Read a TOML file that people write into a pydantic model, with errors they can act on."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, WrapValidator, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from pipeline.errors import UsageError

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")  # a key that TOML needs no quotes for
# What is expected, by pydantic's type of error, where a field does not say so itself.
EXPECTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "dict_type": "tables, each with a name",
    "tuple_type": "a list",
    "finite_number": "a number that is not infinite",
    "greater_than_equal": "at least {ge:g}",
    "greater_than": "more than {gt:g}",
    "less_than_equal": "at most {le:g}",
}


class TomlTable(BaseModel):
    """A table of a TOML file; a key that it does not declare is an error."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, content: object) -> object:
        known = [field.alias or name for name, field in cls.model_fields.items()]
        unknown = sorted(content.keys() - known) if isinstance(content, dict) else []
        if unknown:
            raise ValueError(f"key {_quote(unknown[0])} is not known; expected one of: {', '.join(known)}")
        return content


Table = TypeVar("Table", bound=TomlTable)


def unexpected(value: object, words: str) -> PydanticCustomError:
    """Return the error that says what was found, and what was expected in ``words``."""
    return PydanticCustomError("unexpected", "is {found}; expected {words}", {"found": _as_toml(value), "words": words})


def expected(words: str) -> WrapValidator:
    """Return a validator that says what was expected, in ``words``, where a value does not fit its type."""

    def check(value: object, validate: Callable[[object], Any]) -> Any:
        try:
            return validate(value)
        except ValueError as error:
            raise unexpected(value, words) from error

    return WrapValidator(check)


def read_toml(path: Path, model: type[Table]) -> Table:
    """Read ``path`` into ``model``.

    Raises:
        UsageError: if it cannot be read, is not TOML, or does not fit the model; names the file, the key, what was
            found and what was expected.
    """
    try:
        return model.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; expected a TOML file") from error
    except ValidationError as error:
        raise UsageError(f"{path}: {'; '.join(map(_describe, error.errors()))}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not a TOML file in UTF-8: {error}; correct it, or remove the file") from error


def _describe(error: ErrorDetails) -> str:
    """Describe an error as a person finds it in the file."""
    key = _format_key(error["loc"])
    match error["type"]:
        case "unexpected":
            return f"{key} {error['msg']}"
        case "value_error":
            return f"{key}: {error['ctx']['error']}" if key else str(error["ctx"]["error"])
        case "missing":
            return f"{key} is missing"
        case "model_type":
            words = f"a table [{key}]"
        case kind:
            words = EXPECTED[kind].format(**error.get("ctx", {})) if kind in EXPECTED else error["msg"]
    return f"{key} is {_as_toml(error['input'])}; expected {words}"


def _format_key(path: tuple[int | str, ...]) -> str:
    """Return a key as TOML writes it; the tables of an array are numbered from 1: ``source 2: feeds``."""
    key = ""
    for part in path:
        if isinstance(part, int):
            key += f" {part + 1}: "
        else:
            key += f".{_quote(part)}" if key and not key.endswith(" ") else _quote(part)
    return key.removesuffix(": ")


def _quote(key: str) -> str:
    return key if BARE_KEY.fullmatch(key) else f'"{key}"'


def _as_toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float() if not math.isfinite(value):
            return str(value)
        case str():
            return f'"{value}"'
    return str(value)
