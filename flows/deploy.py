"""Set up a Prefect server: its work pool, the deployments of prefect.yaml, and the automations that watch them.

Usage: python flows/deploy.py [--webhook URL], with PREFECT_API_URL set. Run it again whenever prefect.yaml changes.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import environment  # noqa: F401 - sets Prefect's defaults, so it comes before Prefect

# isort: split
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

PROJECT = Path(__file__).resolve().parent.parent
POOL, WRITERS = "onrecord", "writers"  # the names in prefect.yaml
COLLECTOR = "collect/quarter-hourly"
BLOCK = "onrecord"
# More than three heartbeats of a run, at Prefect's default of 180 s.
SILENCE = timedelta(minutes=10)


async def make_pool(client: PrefectClient) -> None:
    """Create a pool of processes, and a queue in it that starts one run at a time: a data set has one writer."""
    await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"), overwrite=True)
    try:
        queue = await client.read_work_queue_by_name(WRITERS, work_pool_name=POOL)
    except ObjectNotFound:
        queue = await client.create_work_queue(WRITERS, work_pool_name=POOL)
    await client.update_work_queue(queue.id, concurrency_limit=1)


def end_dead_runs(silence: timedelta) -> AutomationCore:
    """Return the automation that marks a silent run as crashed.

    A killed process cannot report its own end. Without this its run would stay Running, and the queue of writers would
    wait for it for ever.
    """
    return AutomationCore(
        name="onrecord: end dead runs",
        description=f"Marks a run as crashed after {silence} without a heartbeat",
        trigger=EventTrigger(
            after={"prefect.flow-run.Pending", "prefect.flow-run.Running", "prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.*"},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=silence,
        ),
        actions=[
            ChangeFlowRunState(
                name="Crashed",
                state=StateType.CRASHED,
                message=f"No heartbeat for {silence}: the process is gone; the next run does its work",
                force=False,
            )
        ],
    )


async def notify(webhook: str) -> tuple[AutomationCore, ...]:
    """Return the automations that post to a webhook: runs that failed or crashed, and the events of flows/artifacts.py."""
    block = CustomWebhookNotificationBlock(
        name=BLOCK, url=webhook, json_data={"text": "{{subject}}\n{{body}}"}, headers=None, cookies=None
    )
    post = SendNotification(
        block_document_id=await block.save(BLOCK, overwrite=True),
        subject="{{ event.event }}: {{ event.resource['prefect.resource.name'] }}",
        body="{{ event.payload.detail or event.resource['prefect.state-message'] }}",
    )
    ended = EventTrigger(expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed"})
    event = EventTrigger(
        expect={"onrecord.*"},
        for_each={"prefect.resource.id", "onrecord.event"},
        within=timedelta(days=1),  # an event that repeats every hour is posted once in that time
    )
    return (
        AutomationCore(name="onrecord: post failed runs", trigger=ended, actions=[post]),
        AutomationCore(name="onrecord: post events, once a day", trigger=event, actions=[post]),
    )


async def put_automation(client: PrefectClient, automation: AutomationCore) -> None:
    """Create an automation; replace any of the same name."""
    for old in await client.read_automations_by_name(automation.name):
        await client.delete_automation(old.id)
    await client.create_automation(automation)


async def pause_collector_without_sources(client: PrefectClient) -> None:
    """Pause collecting where there is no sources.toml: it would fail every 15 minutes."""
    is_idle = not (PROJECT / "sources.toml").exists()
    deployment = await client.read_deployment_by_name(COLLECTOR)
    await (client.pause_deployment if is_idle else client.resume_deployment)(deployment.id)
    if is_idle:
        print(
            f"{COLLECTOR} is paused: list your newsrooms in sources.toml (see flows/sources.example.toml) "
            "and deploy again"
        )


async def deploy(webhook: str | None, silence: timedelta) -> None:
    """Create everything that is missing, and update the rest."""
    async with get_client() as client:
        await make_pool(client)
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
        subprocess.run(command, cwd=PROJECT, check=True)  # noqa: S603
        await pause_collector_without_sources(client)
        await put_automation(client, end_dead_runs(silence))
        for automation in await notify(webhook) if webhook else ():
            await put_automation(client, automation)


def main() -> None:
    """Deploy to the server at PREFECT_API_URL."""
    parser = argparse.ArgumentParser(description="Set up a Prefect server: work pool, deployments, automations.")
    parser.add_argument("--webhook", metavar="URL", help="where to post failed runs and events")
    parser.add_argument(
        "--silence",
        metavar="SECONDS",
        type=int,
        default=int(SILENCE.total_seconds()),
        help="mark a run as crashed after so long without a heartbeat (default: 600; at least three heartbeats)",
    )
    options = parser.parse_args()
    asyncio.run(deploy(options.webhook, timedelta(seconds=options.silence)))


if __name__ == "__main__":
    main()
