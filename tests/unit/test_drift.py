"""Each day is compared with the baseline of its publisher; settings may replace the bounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from math import inf
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline.contract import Alert, Arrival, Count, Drift, DriftMeasure, Run, columns, to_table
from pipeline.drift import count_arrivals, describe_drift, measure_drift, merge_arrivals, read_settings
from pipeline.drift.alerts import find_alerts
from pipeline.drift.drift_settings import AlertSettings, Bounds, DriftSettings
from pipeline.errors import UsageError

MORNING = datetime(2024, 5, 6, 6, tzinfo=UTC)  # a Monday
POST = "Harbour Post"
PRESS = "Island Press"
NONE_SET = Bounds()


def arrived(count: int, publisher: str = POST, **values: int) -> Arrival:
    """Return the arrivals of a publisher's day; by default all articles are dated, with two quotes each, half of them named."""
    counts = {"dated": count, "quotes": 2 * count, "named": count, "fr": 0, "en": count - values.get("fr", 0)} | values
    languages = [Count(name, counts[name]) for name in ("en", "fr") if counts[name]]
    return Arrival("", publisher, MORNING, count, counts["dated"], 0, counts["quotes"], counts["named"], languages)


Day = Sequence[Arrival]
QUIET = arrived(3, "Quiet Courier")  # so that every day has a run


@dataclass(frozen=True)
class Tables:
    arrivals: pa.Table
    runs: pa.Table
    starts: list[datetime]

    def measure(self, run: int = -1, bounds: Bounds = NONE_SET) -> list[Drift]:
        """Return the drift after a run, by default the last."""
        arrivals, runs = (
            rows.filter(pc.less_equal(rows["started_at"], pa.scalar(self.starts[run], pa.timestamp("us", "UTC"))))
            for rows in (self.arrivals, self.runs)
        )
        return measure_drift(arrivals, runs, self.starts[run], bounds)


def make_tables(days: Sequence[Day], hours: Sequence[float] = (), sources: Sequence[str] = ()) -> Tables:
    """Return the tables after some days with a run each, at six in the morning or at ``hours`` after the first."""
    starts = [MORNING + timedelta(hours=hour) for hour in hours or range(0, 24 * len(days), 24)]
    run_ids = [f"{start:%Y%m%dT%H%M%SZ}-0000" for start in starts]
    rows = [
        replace(arrival, run_id=run_id, started_at=start)
        for day, run_id, start in zip(days, run_ids, starts, strict=True)
        for arrival in day
        if arrival.article_count
    ]
    runs = pa.table(
        {
            "run_id": run_ids,
            "source": sources or ["wire"] * len(days),
            "started_at": pa.array(starts, pa.timestamp("us", "UTC")),
            "new_count": [sum(arrival.article_count for arrival in day) for day in days],
            "newly_refused_count": [0] * len(days),
        }
    )
    return Tables(to_table(Arrival, rows), runs, starts)


def measure(days: Sequence[Day], bounds: Bounds = NONE_SET, hours: Sequence[float] = ()) -> list[Drift]:
    return make_tables(days, hours).measure(bounds=bounds)


def found(drift: Iterable[Drift], measure: DriftMeasure, subject: str = POST) -> Drift:
    (measured,) = [measured for measured in drift if (measured.subject, measured.measure) == (subject, measure)]
    return measured


def warned(drift: Iterable[Drift]) -> set[str]:
    return {measured.measure for measured in drift if measured.is_unusual and measured.subject == POST}


def usual_days(count: int, mean: int = 40, seed: int = 1) -> list[Day]:
    """Return days of a publisher whose counts vary only by chance."""
    rng = np.random.default_rng(seed)
    return [[QUIET, arrived(int(rng.poisson(mean)))] for _ in range(count)]


@pytest.mark.parametrize(
    ("today", "measures"),
    [
        pytest.param(arrived(40), set(), id="a-day-like-others"),
        pytest.param(arrived(50), set(), id="some-more-than-usual"),
        pytest.param(arrived(0), {"articles_a_day"}, id="stops-sending"),
        pytest.param(arrived(11), {"articles_a_day"}, id="sends-far-fewer"),
        pytest.param(arrived(200), {"articles_a_day"}, id="sends-far-more"),
        pytest.param(arrived(40, dated=20), {"undated_share"}, id="dates-break-for-half"),
        pytest.param(arrived(40, dated=38), set(), id="two-dates-missing"),
        pytest.param(arrived(40, named=0), {"unnamed_share"}, id="speakers-vanish"),
        pytest.param(arrived(40, named=80), {"unnamed_share"}, id="all-speakers-named-at-once"),
        pytest.param(arrived(40, quotes=4, named=2), {"quotes_an_article"}, id="quotes-vanish"),
        pytest.param(arrived(40, fr=40), {"language_shift"}, id="another-language"),
        pytest.param(arrived(40, en=0), {"language_shift"}, id="no-language-known-any-more"),
        pytest.param(arrived(40, fr=2), set(), id="two-articles-in-another-language"),
        pytest.param(arrived(2, dated=0, named=0, fr=2), {"articles_a_day"}, id="too-few-to-judge-anything-else"),
    ],
)
def test_day_is_compared_with_the_days_before(today: Arrival, measures: set[str]) -> None:
    assert warned(measure([*usual_days(30), [QUIET, today]])) == measures


def test_regions_of_a_language_are_the_same_language() -> None:
    in_britain = replace(arrived(40), languages=[Count("en-GB", 40)])
    assert warned(measure([*usual_days(30), [QUIET, in_britain]])) == set()


def test_first_run_has_no_history() -> None:
    drift = measure([[arrived(40)]])
    assert found(drift, "articles_a_day") == Drift(
        POST, "articles_a_day", 40, 0, inf, "7 days of history are needed, there are 0", 40
    )
    assert not any(measured.is_unusual for measured in drift)
    assert "language_shift" not in {measured.measure for measured in drift}  # nothing to compare with


def test_nothing_is_learnt_from_the_first_arrival() -> None:
    # An archive, then six days: seven whole days are needed.
    drift = measure([[QUIET, arrived(5_000)], *usual_days(6), [QUIET, arrived(0)]])
    assert found(drift, "articles_a_day").basis == "7 days of history are needed, there are 6"
    assert warned(measure([[QUIET, arrived(5_000)], *usual_days(7), [QUIET, arrived(0)]])) == {"articles_a_day"}


def test_runs_without_articles_measure_nothing() -> None:
    assert measure([[], []]) == []


def test_publisher_that_rests_at_weekends_does_not_warn() -> None:
    weeks = [[QUIET, arrived(0 if day % 7 >= 5 else 40)] for day in range(42)]
    tables = make_tables(weeks)
    assert [day for day in range(42) if warned(tables.measure(day))] == []
    monday_without = [*weeks, [QUIET, arrived(0)]]
    assert warned(measure(monday_without)) == {"articles_a_day"}


def test_one_past_day_without_articles_does_not_make_silence_usual() -> None:
    days = usual_days(30)
    days[12] = [QUIET]
    assert warned(measure([*days, [QUIET]])) == {"articles_a_day"}


def test_small_publisher_may_be_silent() -> None:
    days = usual_days(30, mean=2)
    assert warned(measure([*days, [QUIET]])) == set()


def test_bursts_are_usual_for_a_publisher_that_publishes_in_bursts() -> None:
    days = [[QUIET, arrived(90 if day % 9 == 4 else 10)] for day in range(30)]
    assert warned(measure([*days, [QUIET, arrived(120)]])) == set()


def test_publisher_that_stopped_long_ago_is_left_out() -> None:
    days = [*usual_days(30), *([[QUIET]] * 29)]
    assert POST not in {measured.subject for measured in measure(days)}


def test_unpunctual_schedule_makes_no_day_empty_or_double() -> None:
    late = [0.1, -0.1, 0.0, 0.2, -0.2] * 7
    hours = [24 * day + late[day] for day in range(31)]
    tables = make_tables(usual_days(31), hours)
    measured = [found(tables.measure(day), "articles_a_day").found for day in range(31)]
    assert measured == [post.article_count for _, post in usual_days(31)]


def test_hourly_runs_are_summed_over_24_hours() -> None:
    drift = measure([[arrived(1)]] * 24 * 12, hours=range(24 * 12))
    assert found(drift, "articles_a_day").found == 24
    assert not found(drift, "articles_a_day").is_unusual


def test_source_with_daily_runs_is_not_silent_between_them() -> None:
    hours = range(24 * 31 - 1)  # the last is just before the daily run
    sources = ["web" if hour % 24 else "wire" for hour in hours]
    days = [[arrived(1, PRESS)] if hour % 24 else [arrived(40)] for hour in hours]
    tables = make_tables(days, hours, sources)
    assert found(tables.measure(), "articles_a_day").found == 40
    overdue = measure_drift(tables.arrivals, tables.runs, tables.starts[-1] + timedelta(days=1), NONE_SET)
    assert (found(overdue, "articles_a_day").found, warned(overdue)) == (0, {"articles_a_day"})


def test_backlog_after_days_without_a_run_does_not_warn() -> None:
    days = [*usual_days(20), [QUIET, arrived(160)]]
    hours = [24 * day for day in range(20)] + [24 * 23]
    today = found(measure(days, hours=hours), "articles_a_day")
    assert (today.high, today.is_unusual) == (inf, False)


def test_rejects_of_a_source_are_measured() -> None:
    days = 15
    starts = [MORNING + timedelta(days=day) for day in range(days)]
    runs = pa.table(
        {
            "run_id": [f"{start:%Y%m%dT%H%M%SZ}-0000" for start in starts],
            "source": ["wire"] * days,
            "started_at": pa.array(starts, pa.timestamp("us", "UTC")),
            "new_count": [100] * (days - 1) + [0],
            "newly_refused_count": [2] * (days - 1) + [98],
        }
    )
    (rejects,) = measure_drift(to_table(Arrival, []), runs, starts[-1], NONE_SET)
    assert (rejects.subject, rejects.measure, rejects.found, rejects.count) == ("wire", "reject_share", 1, 98)
    assert rejects.is_unusual


# ── How often it is wrong ──────────────────────────────────────────────────────────────────────────────────────


def test_false_warnings_are_rare_and_silence_warns() -> None:
    rng = np.random.default_rng(5)
    means = {f"Paper {i:02}": mean for i, mean in enumerate([1, 5, 20, 60] * 6)}
    days = [
        [arrived(n, name, named=int(rng.binomial(2 * n, 0.6)), dated=int(rng.binomial(n, 0.95))) for name, n in sent]
        for sent in ([(name, int(rng.poisson(mean))) for name, mean in means.items()] for _ in range(60))
    ]
    tables = make_tables(days)
    warnings = sum(measured.is_unusual for day in range(30, 60) for measured in tables.measure(day))
    assert warnings / len(means) <= 0.1  # per publisher and month
    silent = {
        drift.subject for drift in measure([*days, [QUIET]]) if drift.measure == "articles_a_day" and drift.is_unusual
    }
    assert silent == {name for name, mean in means.items() if mean >= 20}


# ── Counting ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_arrivals_are_counted_by_publisher() -> None:
    articles = pa.table(
        {
            "article_id": ["a1", "a2", "a3"],
            "publisher": [POST, PRESS, POST],
            "published_on": pa.array([date(2024, 5, 6), None, None], pa.date32()),
            "duplicate_of": pa.array([None, None, "a1"], pa.string()),
            "language": pa.array(["en", None, "fr"], pa.string()),
        }
    )
    quotes = pa.table(
        {"article_id": ["a1", "a1", "a3", "other"], "speaker_status": ["named", "unresolved", "unattributed", "named"]}
    )
    both = [Count("en", 1), Count("fr", 1)]
    counted = count_arrivals("20240506T060000Z-0000", MORNING, articles, quotes)
    assert counted == [
        Arrival("20240506T060000Z-0000", POST, MORNING, 2, 1, 1, 3, 1, both),
        Arrival("20240506T060000Z-0000", PRESS, MORNING, 1, 0, 0, 0, 0, []),
    ]
    parts = [count_arrivals("20240506T060000Z-0000", MORNING, articles.slice(row, 1), quotes) for row in (2, 1, 0)]
    assert merge_arrivals(arrival for part in parts for arrival in part) == counted


def test_no_new_articles_no_arrival() -> None:
    articles = {name: pa.array([], pa.string()) for name in ("article_id", "publisher", "duplicate_of", "language")}
    no_articles = pa.table(articles | {"published_on": pa.array([], pa.date32())})
    quotes = pa.table({"article_id": ["other"], "speaker_status": ["named"]})
    assert count_arrivals("20240506T060000Z-0000", MORNING, no_articles, quotes) == []


# ── The settings file ──────────────────────────────────────────────────────────────────────────────────────────


def settings_of(folder: Path, text: str) -> DriftSettings:
    path = folder / "settings.toml"
    path.write_text(text)
    return read_settings(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[drift]\nundated = false", "drift: key undated is not known; expected one of: articles_a_day, ", id="unknown-key"),
        pytest.param("[alarm]", "key alarm is not known; expected one of: drift, alerts", id="unknown-table"),
        pytest.param('[drift.publishers."Harbour Post"]\nreject_share = false', 'drift.publishers."Harbour Post": key reject_share is not known', id="measure-of-sources-for-a-publisher"),
        pytest.param('[drift]\nundated_share = "low"', 'drift.undated_share is "low"; expected a table such as { low = 0.1, high = 0.4 }, or false', id="text-for-bounds"),
        pytest.param("[drift]\nundated_share = true", "drift.undated_share is true; expected a table", id="true-for-bounds"),
        pytest.param('[drift]\narticles_a_day = { low = "3" }', 'drift.articles_a_day.low is "3"; expected a number', id="text-for-a-number"),
        pytest.param("[drift]\narticles_a_day = { high = inf }", "drift.articles_a_day.high is inf; expected a number that is not infinite", id="infinite"),
        pytest.param("[drift]\nundated_share = { high = 20 }", "drift.undated_share.high is 20; expected at most 1", id="percent-for-a-share"),
        pytest.param("[drift]\nundated_share = { low = 0.4, high = 0.2 }", "drift.undated_share: low = 0.4 is above high = 0.2", id="low-above-high"),
        pytest.param("[drift]\nhistory_days = 7\nminimum_days = 9", "minimum_days = 9 is above history_days = 7", id="more-days-needed-than-kept"),
        pytest.param("[drift]\npublishers = 3", "drift.publishers is 3; expected tables, each with a name", id="number-for-publishers"),
        pytest.param("drift = 3", "drift is 3; expected a table [drift]", id="number-for-a-table"),
        pytest.param("[alerts]\nsilent_hours = 0", "alerts.silent_hours is 0; expected more than 0", id="no-hours"),
        pytest.param("[drift", "is not a TOML file in UTF-8: ", id="damaged-toml"),
    ],
)  # fmt: skip
def test_settings_file_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        settings_of(tmp_path, text)
    assert str(raised.value).startswith(str(tmp_path / "settings.toml"))
    assert message in str(raised.value)


def test_settings_file_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes('[drift.publishers."Café"]'.encode("latin-1"))
    with pytest.raises(UsageError, match="is not a TOML file in UTF-8"):
        read_settings(tmp_path / "settings.toml")


def test_folder_for_a_settings_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_settings(tmp_path)


def test_missing_settings_file_gives_the_defaults(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "settings.toml") == settings_of(tmp_path, "") == DriftSettings()


def test_publisher_with_its_own_bounds(tmp_path: Path) -> None:
    bounds = settings_of(
        tmp_path,
        """
        [drift]
        language_shift = false
        articles_a_day = { low = 100 }
        [drift.publishers."Harbour Post"]
        articles_a_day = { low = 10, high = 50 }
        undated_share = { high = 0.6 }
        """,
    ).drift
    days = usual_days(30)
    drift = measure([*days, [QUIET, arrived(40, dated=20)]], bounds)
    assert warned(drift) == set()
    own = found(drift, "articles_a_day")
    assert (own.low, own.high, own.basis) == (10, 50, "by settings.toml")
    assert found(drift, "undated_share").basis.startswith("high by settings.toml; 0 is usual")
    assert not any(measured.measure == "language_shift" for measured in drift)
    assert found(drift, "articles_a_day", "Quiet Courier").is_unusual


def test_set_bounds_need_no_history(tmp_path: Path) -> None:
    bounds = settings_of(tmp_path, '[drift.publishers."Harbour Post"]\narticles_a_day = { low = 50 }').drift
    assert warned(measure([[arrived(40)]], bounds)) == {"articles_a_day"}


def test_publisher_in_settings_without_articles_is_reported(tmp_path: Path) -> None:
    bounds = settings_of(tmp_path, '[drift.publishers."Harbor Post"]\nundated_share = false').drift
    unknown = found(measure([[arrived(40)]], bounds), "articles_a_day", "Harbor Post")
    assert unknown.basis == "settings.toml names it, but it has no articles; check its spelling"
    assert not unknown.is_unusual


# ── Alerts ─────────────────────────────────────────────────────────────────────────────────────────────────────


ODD = Drift(POST, "articles_a_day", 0, 21.6, 60, "40 is usual over the 28 days before", 0)


@pytest.mark.parametrize(
    ("new", "refused", "silent_for", "drift", "alerts"),
    [
        pytest.param(80, 20, 1, [], [], id="nothing-to-report"),
        pytest.param(79, 21, 1, [], [Alert("rejects_high", "21 of 100 new records of wire were rejected (21%); the limit is 20%")], id="too-many-rejects"),
        pytest.param(0, 3, 1, [], [Alert("rejects_high", "3 of 3 new records of wire were rejected (100%); the limit is 20%")], id="only-rejects"),
        pytest.param(0, 0, 25, [], [Alert("nothing_arrived", "no new article for 25 hours, since 2024-05-05 05:00 UTC")], id="silent-for-a-day"),
        pytest.param(0, 0, None, [], [Alert("nothing_arrived", "no article has ever arrived")], id="no-article-ever"),
        pytest.param(9, 0, 1, [ODD], [Alert("drift", "Harbour Post: articles_a_day is 0, usual is 21.6 to 60 (40 is usual over the 28 days before)")], id="drift"),
        pytest.param(9, 0, 1, [replace(ODD, found=40)], [], id="no-drift"),
    ],
)  # fmt: skip
def test_alerts(new: int, refused: int, silent_for: float | None, drift: list[Drift], alerts: list[Alert]) -> None:
    nothing = {field.name: 0 for field in columns(Run)}
    run = Run(**nothing | {"source": "wire", "new_count": new, "newly_refused_count": refused})  # type: ignore[arg-type]
    last = None if silent_for is None else MORNING - timedelta(hours=silent_for)
    assert find_alerts(run, drift, last, MORNING, AlertSettings()) == tuple(alerts)


# ── In the terminal ────────────────────────────────────────────────────────────────────────────────────────────


def test_drift_is_printed_as_a_table() -> None:
    first = Drift(PRESS, "undated_share", 0.125, 0, inf, "7 days of history are needed, there are 2", 1_200)
    assert describe_drift([ODD, first]).splitlines() == [
        "      publisher or source  measure         found     of  usual       basis",
        "WARN  Harbour Post         articles_a_day      0      0  21.6 to 60  40 is usual over the 28 days before",
        "      Island Press         undated_share   0.125  1,200  anything    7 days of history are needed, there are 2",
        "1 of 2 unusual; set other bounds in settings.toml beside the tables",
    ]


def test_nothing_measured() -> None:
    assert describe_drift([]) == "no articles came in, so there is nothing to measure"
