"""The settings file of a data set: bounds that people set for drift, and when alerts are sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from pipeline.contract import DriftMeasure
from pipeline.toml_files import TomlTable, read_toml, unexpected

Number = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Usual(TomlTable):
    """Bounds that people set; a bound that is not set is learnt."""

    low: Number | None = None
    high: Number | None = None

    @model_validator(mode="after")
    def _check_order(self) -> Usual:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low = {self.low:g} is above high = {self.high:g}; expected low to be the smaller")
        return self


class UsualShare(Usual):
    """Bounds of a share."""

    low: Share | None = None
    high: Share | None = None


def _switch_off(value: object) -> object:
    """Return None, which switches a measure off, for ``false``."""
    if value is False:
        return None
    if not isinstance(value, dict | Usual):
        raise unexpected(value, "a table such as { low = 0.1, high = 0.4 }, or false to switch it off")
    return value


Measured = Annotated[Usual | None, BeforeValidator(_switch_off)]
MeasuredShare = Annotated[UsualShare | None, BeforeValidator(_switch_off)]


class PublisherBounds(TomlTable):
    """Bounds for one publisher, or for all."""

    articles_a_day: Measured = Usual()
    undated_share: MeasuredShare = UsualShare()
    unnamed_share: MeasuredShare = UsualShare()
    quotes_an_article: Measured = Usual()
    language_shift: MeasuredShare = UsualShare()


class Bounds(PublisherBounds):
    """Bounds for publishers and sources, and the days that baselines are learnt from."""

    reject_share: MeasuredShare = UsualShare()
    history_days: Annotated[int, Field(ge=7, le=366)] = 28
    minimum_days: Annotated[int, Field(ge=3, le=366)] = 7
    publishers: Mapping[str, PublisherBounds] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_days(self) -> Bounds:
        if self.minimum_days > self.history_days:
            raise ValueError(
                f"minimum_days = {self.minimum_days} is above history_days = {self.history_days}; "
                "expected at most as many, or no baseline is ever learnt"
            )
        return self

    def of(self, subject: str, measure: DriftMeasure) -> Usual | None:
        """Return the bounds of a subject: its own if it has some, else those for all; None if it is not measured."""
        own = self.publishers.get(subject)
        if measure != "reject_share" and own and measure in own.model_fields_set:
            found: Usual | None = getattr(own, measure)
        else:
            found = getattr(self, measure)
        return found


class AlertSettings(TomlTable):
    """When people are alerted."""

    reject_share: Share = 0.2
    silent_hours: Annotated[float, Field(gt=0)] = 24


class DriftSettings(TomlTable):
    """A settings file."""

    drift: Bounds = Bounds()
    alerts: AlertSettings = AlertSettings()


def read_settings(path: Path) -> DriftSettings:
    """Read a settings file; without a file all settings have their defaults.

    Raises:
        UsageError: if it cannot be used; names the file, the key, what was found and what was expected.
    """
    return read_toml(path, DriftSettings) if path.exists() else DriftSettings()
