"""The settings file of a data set: what counts as usual where people know better, and what they are to be told of."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from pipeline.contract import DriftMeasure
from pipeline.errors import UsageError

Number = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Usual(_Section):
    """Bounds that people set; a side that is not set is learnt."""

    low: Number | None = None
    high: Number | None = None

    @model_validator(mode="after")
    def _check_order(self) -> Usual:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low = {self.low:g} is above high = {self.high:g}; expected low to be the smaller")
        return self


class UsualShare(Usual):
    """Bounds on a share."""

    low: Share | None = None
    high: Share | None = None


# ``false`` switches a measure off.
_off = BeforeValidator(lambda value: None if value is False else value)
Measured = Annotated[Usual | None, _off]
MeasuredShare = Annotated[UsualShare | None, _off]


class PublisherBounds(_Section):
    """What is usual of a publisher."""

    articles_a_day: Measured = Usual()
    undated_share: MeasuredShare = UsualShare()
    unnamed_share: MeasuredShare = UsualShare()
    quotes_an_article: Measured = Usual()
    language_shift: MeasuredShare = UsualShare()


class Bounds(PublisherBounds):
    """What is usual of publishers and sources, and how far back is learnt from."""

    reject_share: MeasuredShare = UsualShare()
    history_days: Annotated[int, Field(ge=7, le=366)] = 28
    minimum_days: Annotated[int, Field(ge=3, le=366)] = 7
    publishers: Mapping[str, PublisherBounds] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_days(self) -> Bounds:
        if self.minimum_days > self.history_days:
            raise ValueError(
                f"minimum_days = {self.minimum_days} is above history_days = {self.history_days}; "
                "expected at most as many, or nothing is ever learnt"
            )
        return self

    def of(self, subject: str, measure: DriftMeasure) -> Usual | None:
        """What is set for a subject: its own where it has some, else what is set for all; None: not to be measured."""
        own = self.publishers.get(subject)
        if measure != "reject_share" and own and measure in own.model_fields_set:
            found: Usual | None = getattr(own, measure)
        else:
            found = getattr(self, measure)
        return found


class AlertSettings(_Section):
    """When people are told at once."""

    reject_share: Share = 0.2
    silent_hours: Annotated[float, Field(gt=0)] = 24


class DriftSettings(_Section):
    """A settings file."""

    drift: Bounds = Bounds()
    alerts: AlertSettings = AlertSettings()


def read_settings(path: Path) -> DriftSettings:
    """Read a settings file; where there is none, all is as usual.

    Raises:
        UsageError: if it cannot be read, is no TOML, or holds what is not known; the message names file, key, what was
            found and what was expected.
    """
    try:
        return DriftSettings.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return DriftSettings()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; expected a TOML file") from error
    except ValidationError as error:
        raise UsageError(f"{path}: {'; '.join(_describe(each) for each in error.errors())}") from error
    except ValueError as error:
        raise UsageError(f"{path} is no TOML file in UTF-8: {error}; correct it there, or remove the file") from error


EXPECTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "finite_number": "a number that is not infinite",
    "model_type": "a table such as {{ low = 0.1, high = 0.4 }}, or false to switch it off",
    "dict_type": "tables, each named after a publisher",
    "greater_than_equal": "at least {ge:g}",
    "greater_than": "more than {gt:g}",
    "less_than_equal": "at most {le:g}",
}
SECTIONS = {"drift", "alerts"}
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")  # what TOML needs no quotes for


def _describe(error: ErrorDetails) -> str:
    """An error of pydantic's as a person reads it in the file."""
    where = [str(part) if BARE_KEY.fullmatch(str(part)) else f'"{part}"' for part in error["loc"]]
    key = ".".join(where)
    if error["type"] == "extra_forbidden":
        return f"{key} is not known; expected one of: {', '.join(_known(where[:-1]))}"
    if error["type"] == "value_error":
        return f"{key}: {error['ctx']['error']}"
    expected = EXPECTED[error["type"]].format(**error.get("ctx", {}))
    if error["type"] == "model_type" and (key in SECTIONS or where[-2:-1] == ["publishers"]):
        expected = f"a table [{key}]"
    return f"{key} is {_as_toml(error['input'])}; expected {expected}"


def _known(where: list[str]) -> Iterable[str]:
    """The keys that a table may hold."""
    match where:
        case []:
            return DriftSettings.model_fields
        case ["alerts"]:
            return AlertSettings.model_fields
        case ["drift"]:
            return Bounds.model_fields
        case ["drift", "publishers", _]:
            return PublisherBounds.model_fields
    return Usual.model_fields


def _as_toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float() if not math.isfinite(value):
            return str(value)
        case str():
            return f'"{value}"'
    return str(value)
