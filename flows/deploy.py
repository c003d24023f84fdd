"""Tell a Prefect server what to run: its work pool, the deployments of prefect.yaml, and what watches over them.

Usage: python flows/deploy.py [--webhook URL], with PREFECT_API_URL set; as often as you like.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")

from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

PROJECT = Path(__file__).resolve().parent.parent
POOL, WRITERS = "onrecord", "writers"  # as prefect.yaml has them
COLLECTOR = "collect/quarter-hourly"
BLOCK = "onrecord"
# Three heartbeats of a run, at Prefect's default of 180 s, must be missing.
SILENCE = timedelta(minutes=10)


async def make_pool(client: PrefectClient) -> None:
    """A pool of processes, and a queue in it that lets one run out at a time: a data set has one writer."""
    await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"), overwrite=True)
    try:
        queue = await client.read_work_queue_by_name(WRITERS, work_pool_name=POOL)
    except ObjectNotFound:
        queue = await client.create_work_queue(WRITERS, work_pool_name=POOL)
    await client.update_work_queue(queue.id, concurrency_limit=1)


def end_dead_runs(silence: timedelta) -> AutomationCore:
    """Mark a run as crashed when nothing is heard of it: whoever killed its process could not.

    Else it would be under way for ever, and the queue of writers would wait for it.
    """
    return AutomationCore(
        name="onrecord: end dead runs",
        description=f"Marks a run as crashed that says nothing for {silence}",
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
                message=f"Nothing was heard of this run for {silence}: its process is gone; the next run does its work",
                force=False,
            )
        ],
    )


async def notify(webhook: str) -> tuple[AutomationCore, ...]:
    """Post to a webhook whatever somebody should act on: runs that failed or crashed, and what flows/artifacts.py tells."""
    block = CustomWebhookNotificationBlock(
        name=BLOCK, url=webhook, json_data={"text": "{{subject}}\n{{body}}"}, headers=None, cookies=None
    )
    post = SendNotification(
        block_document_id=await block.save(BLOCK, overwrite=True),
        subject="{{ event.event }}: {{ event.resource['prefect.resource.name'] }}",
        body="{{ event.payload.detail or event.resource['prefect.state-message'] }}",
    )
    ended = EventTrigger(expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed"})
    told = EventTrigger(
        expect={"onrecord.*"},
        for_each={"prefect.resource.id", "onrecord.event"},
        within=timedelta(days=1),  # what is told every hour is posted once in that time
    )
    return (
        AutomationCore(name="onrecord: post what failed", trigger=ended, actions=[post]),
        AutomationCore(name="onrecord: post what is told, once a day", trigger=told, actions=[post]),
    )


async def put_automation(client: PrefectClient, automation: AutomationCore) -> None:
    """Create it in the place of what has its name."""
    for old in await client.read_automations_by_name(automation.name):
        await client.delete_automation(old.id)
    await client.create_automation(automation)


async def rest_collector(client: PrefectClient) -> None:
    """Let collecting rest where no newsrooms are named: else it would fail every quarter of an hour."""
    is_idle = not (PROJECT / "sources.toml").exists()
    deployment = await client.read_deployment_by_name(COLLECTOR)
    await (client.pause_deployment if is_idle else client.resume_deployment)(deployment.id)
    if is_idle:
        print(
            f"{COLLECTOR} is paused: name your newsrooms in sources.toml (flows/sources.example.toml shows how), "
            "and deploy again"
        )


async def deploy(webhook: str | None, silence: timedelta) -> None:
    """Make everything that is not there yet, and bring up to date what is."""
    async with get_client() as client:
        await make_pool(client)
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
        subprocess.run(command, cwd=PROJECT, check=True)  # noqa: S603
        await rest_collector(client)
        await put_automation(client, end_dead_runs(silence))
        for automation in await notify(webhook) if webhook else ():
            await put_automation(client, automation)


def main() -> None:
    """Deploy to the server at PREFECT_API_URL."""
    parser = argparse.ArgumentParser(description="Tell a Prefect server what to run.")
    parser.add_argument("--webhook", metavar="URL", help="where to post what somebody should act on")
    parser.add_argument(
        "--silence",
        metavar="SECONDS",
        type=int,
        default=int(SILENCE.total_seconds()),
        help="a run of which nothing is heard for so long is marked as crashed (default: 600; three heartbeats at least)",
    )
    options = parser.parse_args()
    asyncio.run(deploy(options.webhook, timedelta(seconds=options.silence)))


if __name__ == "__main__":
    main()
