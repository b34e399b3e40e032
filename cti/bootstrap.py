"""The one place that puts the service together: reads the settings, makes the adapters, wires them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.model import Instant
from acd.policy import InvalidPolicy
from api.app import create_app, make_runner
from config.load import ConfigInvalid, load_secrets
from config.models import Elsewhere, Secrets, Site
from config.pins import PinBook
from config.policy import choice_steps, hotline_steps, routing_policy
from cti.ami.adapter import AmiTelephony, TelephonySettings
from cti.ami.client import AmiSettings
from cti.callbacks.pacing import DialTerms
from cti.caller_key import caller_key
from cti.calls.actions import ActionDone, ActionFailed
from cti.calls.facts import Fact, LegId
from cti.clock import ClockWatch, SteadyClock, by_the_wall
from cti.database import BadDatabaseUrl, create_engine
from cti.desk import DeskRules
from cti.feed import EventFeed
from cti.hotline import Hotline, Names
from cti.journal import Journal, JournalError
from cti.last_applied import LastApplied
from cti.loop_thread import LoopThread
from cti.past import Past, read_past, recordings_left
from cti.pauses import avoid_pauses
from cti.plan import Plan
from cti.projection import Projector, leave_out
from cti.records_json import JSON, Draft, encode
from cti.reload import Reloader
from cti.runtime import Runtime
from cti.service import Service
from cti.supervising import KIND as SUPERVISION
from cti.work_order_desk import JournaledWorkOrders
from migrations.upgrade import DatabaseError, DatabaseUnreachable, upgrade
from recording.archive import HANDLERS as ARCHIVE_HANDLERS
from recording.archive import CallArchive
from recording.audit import HANDLERS as AUDIT_HANDLERS
from recording.audit import AuditLog
from recording.callbacks import HANDLERS as CALLBACK_HANDLERS
from recording.callbacks import CallbackArchive
from recording.commands import HANDLERS as COMMAND_HANDLERS
from recording.flows import FlowArchive
from recording.model import RecordingRecord
from recording.pipeline import RecordingPipeline
from workorder.store import HANDLERS as WORK_ORDER_HANDLERS
from workorder.store import WorkOrders

log = structlog.get_logger(__name__)

WHOLE = "全部队列"
TRIM_EVERY_S = 3600.0
UPGRADE_RETRY_S = 5.0
UPGRADE_AT_START_S = 15.0
"""How long callers wait in the plain queue for a change of the schema; then it goes on beside the routing."""
UPGRADE_S = 3600.0
"""How long that may take. Longer than any change does: it ends waiting for a server that fell silent."""


class CannotStart(Exception):
    """Why the service cannot start, in a sentence for operations staff."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the service is told from outside."""

    site: Site
    secrets: Secrets
    database_url: str
    """`postgresql://user:password@host/name`."""
    config: Path
    """The directory that the site was read from, and is read from again on SIGHUP."""
    secrets_file: Path | None = None
    """Where the secrets were read from; on SIGHUP the PINs are read again."""


async def run(settings: Settings) -> None:
    """Runs the service until it is cancelled. Raises `CannotStart`.

    SIGHUP has it read the configuration again, once it runs if it comes earlier.
    """
    reload = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.set)
    # `cti.cli` has held it back until here.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    avoid_pauses()
    async with AsyncExitStack() as stack:
        journal = _open_journal(settings.site, stack)
        engine = _open_database(settings, stack)
        upgraded = await _upgraded(settings.database_url, UPGRADE_AT_START_S)
        past = read_past(journal)
        pins = PinBook(settings.secrets.pins)
        clock = SteadyClock(past.clock)
        feed = EventFeed(journal)
        beside = LoopThread("projection")
        more = asyncio.Event()
        engine_beside = create_engine(settings.database_url, pool_size=1)
        handlers = (
            ARCHIVE_HANDLERS | WORK_ORDER_HANDLERS | COMMAND_HANDLERS | AUDIT_HANDLERS | CALLBACK_HANDLERS
        ) | {SUPERVISION: leave_out}
        projector = Projector(journal, engine_beside, handlers, more)

        def journaled(last: int, drafts: Sequence[Draft]) -> None:
            beside.call(more.set)
            feed.publish(last, drafts)

        service = _service(settings, journal, engine, past, clock, journaled, pins, stack)
        names = _names(settings.site)
        secret = settings.secrets.ami.get_secret_value().encode()
        work_orders = JournaledWorkOrders(journal, WorkOrders(engine))
        hotline = Hotline(service, names, projector, feed, secret, work_orders)
        reloader = _reloader(settings, service, hotline, pins, journal, clock)

        def keep_clock(state: dict[str, JSON]) -> None:
            with suppress(JournalError):  # the service tells of a disk that refuses
                journal.write([], state)

        async def move_hours() -> None:
            await reloader.again(partial(_route_by, settings, service, clock))

        watch = ClockWatch(clock, move_hours, keep_clock)
        app = create_app(
            hotline,
            CallArchive(engine),
            WorkOrders(engine),
            AuditLog(engine),
            CallbackArchive(engine),
            reloader,
            FlowArchive(engine),
            settings.site,
            settings.secrets.tokens,
            settings.site.storage.recordings,
        )
        await stack.enter_async_context(_serving(app, settings.site))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(service.run(), name="service")
            tasks.create_task(reloader.apply_when_told(reload), name="reload")
            tasks.create_task(watch.run(), name="clock")
            projecting = beside.run(_project(projector, engine_beside, settings.database_url, upgraded))
            tasks.create_task(projecting, name="projection")
            tasks.create_task(_trim(journal, projector), name="trim")


def _open_journal(site: Site, stack: AsyncExitStack) -> Journal:
    try:
        journal = Journal.open(site.storage.journal)
    except JournalError as error:
        raise CannotStart(str(error)) from error
    stack.callback(journal.close)
    return journal


def _open_database(settings: Settings, stack: AsyncExitStack) -> AsyncEngine:
    try:
        engine = create_engine(settings.database_url)
    except BadDatabaseUrl as error:
        raise CannotStart(str(error)) from error
    stack.push_async_callback(engine.dispose)
    return engine


async def _upgraded(url: str, within_s: float) -> bool:
    """Brings the schema up to date; False when that has to wait, which delays records and not calls."""
    try:
        await upgrade(url, within_s)
    except DatabaseUnreachable as error:
        log.warning("database_not_upgraded", reason=str(error), again_in_s=UPGRADE_RETRY_S)
        return False
    except DatabaseError as error:
        raise CannotStart(str(error)) from error
    return True


async def _project(projector: Projector, engine: AsyncEngine, url: str, upgraded: bool) -> None:
    """Projects, in a thread of its own: making rows of records is most of what the service computes."""
    try:
        while not upgraded:
            await asyncio.sleep(UPGRADE_RETRY_S)
            try:
                upgraded = await _upgraded(url, UPGRADE_S)
            except CannotStart as error:
                log.error("database_unusable", reason=str(error))
        await projector.run()
    finally:
        await engine.dispose()


def _service(
    settings: Settings,
    journal: Journal,
    engine: AsyncEngine,
    past: Past,
    clock: SteadyClock,
    journaled: Callable[[int, Sequence[Draft]], None],
    pins: PinBook,
    stack: AsyncExitStack,
) -> Service:
    site, asterisk = settings.site, settings.site.asterisk
    now = clock.now()
    try:
        policy = by_the_wall(routing_policy(site), clock.ahead_s())
        runtime = Runtime(plan_of(site, settings.secrets), policy, past.resume, now)
    except InvalidPolicy as error:
        raise CannotStart(f"the configuration contradicts itself: {error}") from error
    service: Service

    def on_fact(fact: Fact | ActionFailed | ActionDone) -> None:
        service.on_fact(fact)

    def on_connected() -> None:
        service.on_connected()

    def on_stored(record: RecordingRecord) -> None:
        service.on_stored(record.recording, encode(record), "recording")

    def on_gone(recording: LegId) -> None:
        service.on_gone(recording, "recording")

    telephony = AmiTelephony(
        TelephonySettings(
            ami=AmiSettings(
                asterisk.ami_host,
                asterisk.ami_port,
                asterisk.ami_user,
                settings.secrets.ami.get_secret_value(),
            ),
            event_log=asterisk.spool / "cel" / "hotline.csv",
            trunks=frozenset({site.trunk.id}),
            seats=tuple(seat.id for seat in site.seats),
        ),
        on_fact,
        clock.now,
        on_connected,
        clock.ahead_s,
    )
    pipeline = RecordingPipeline(asterisk.spool, site.storage.recordings, on_stored, on_gone)
    stack.push_async_callback(pipeline.close)
    last_seen = past.seen_until if past.seen_until is not None else now
    for due in recordings_left(past, pipeline.pending(), last_seen + clock.ahead_s()):
        pipeline.submit(due)
    service = Service(
        runtime=runtime,
        telephony=telephony,
        journal=journal,
        recordings=pipeline,
        work_orders=JournaledWorkOrders(journal, WorkOrders(engine)),
        is_right_pin=pins.is_right,
        now=clock.now,
        last_seen=last_seen,
        journaled=journaled,
    )
    return service


def _reloader(
    settings: Settings,
    service: Service,
    hotline: Hotline,
    pins: PinBook,
    journal: Journal,
    clock: SteadyClock,
) -> Reloader:
    async def put_in_force(site: Site, cause: str) -> None:
        await _route_by(settings, service, clock, site, cause)
        hotline.rename(_names(site))
        await _read_pins_again(settings, site, pins, cause)

    return Reloader(settings.config, settings.site, put_in_force, LastApplied(journal))


async def _route_by(settings: Settings, service: Service, clock: SteadyClock, site: Site, cause: str) -> None:
    policy = by_the_wall(routing_policy(site), clock.ahead_s())
    await service.reconfigure(policy, plan_of(site, settings.secrets), cause)


async def _read_pins_again(settings: Settings, site: Site, pins: PinBook, cause: str) -> None:
    """PINs that cannot be read stay as they were."""
    if settings.secrets_file is None:
        return
    try:
        secrets = await asyncio.to_thread(load_secrets, settings.secrets_file, site=site)
    except ConfigInvalid as error:
        log.error("secrets_refused", cause=cause, problems=[str(problem) for problem in error.problems])
    else:
        pins.replace(secrets.pins)


def plan_of(site: Site, secrets: Secrets) -> Plan:
    """What the runtime needs of a site beside the routing policy."""
    key = secrets.ami.get_secret_value().encode()

    zone = ZoneInfo(site.timezone)
    flows = {flow.id: flow for flow in site.flows}

    def day_of(at: Instant) -> tuple[Instant, Instant]:
        day = datetime.combine(datetime.fromtimestamp(at, zone).date(), time(), zone)
        return day.timestamp(), (day + timedelta(days=1)).timestamp()

    return Plan(
        seats=tuple(seat.id for seat in site.seats),
        trunk=site.trunk.id,
        reason_by_digit={reason.digit: reason.id for reason in site.not_ready_reasons},
        day_of=day_of,
        supervisors=frozenset(agent.id for agent in site.agents if agent.supervises),
        steps_of=hotline_steps(site),
        queue_of={hotline.number: hotline.queue for hotline in site.hotlines},
        caller_key=lambda number: caller_key(number, key),
        last_agent_ttl_s=site.routing.last_agent_ttl_s,
        owner_ttl_s=site.routing.owner_ttl_s,
        desk=DeskRules(
            pin_at_phone=site.login.pin_at_phone,
            wrong_pins=site.login.wrong_pins,
            locked_s=site.login.locked_s,
            moves_at_login=site.login.elsewhere is Elsewhere.MOVE,
            ready_again_within_s=site.phones.ready_again_within_s,
        ),
        take_talk=site.phones.take_talk,
        caller_number=site.trunk.caller_number,
        choice_steps=choice_steps(site),
        told_place=frozenset(
            line.number
            for line in site.hotlines
            if line.flow in flows and flows[line.flow].announcements.position
        ),
        dialling={
            queue.id: DialTerms(
                queue.callbacks.mode, queue.callbacks.ring_timeout_s, queue.callbacks.max_abandoned_rate
            )
            for queue in site.queues
        },
        calls_missed=frozenset(
            line.number for line in site.hotlines if line.flow in flows and flows[line.flow].missed_calls
        ),
    )


def _names(site: Site) -> Names:
    return Names(
        queues={queue.id: queue.name for queue in site.queues},
        agents={agent.id: agent.name for agent in site.agents},
        skills={skill.id: skill.name for skill in site.skills},
        whole=WHOLE,
    )


@asynccontextmanager
async def _serving(app: web.Application, site: Site) -> AsyncIterator[None]:
    runner = make_runner(app)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, site.api.host, site.api.port).start()
        except OSError as error:
            raise CannotStart(
                f"the API cannot listen on {site.api.host}:{site.api.port}: {error.strerror}; stop what uses"
                " the port, or set another `api.port`"
            ) from error
        log.info("api_listening", host=site.api.host, port=site.api.port)
        yield
    finally:
        await runner.cleanup()


async def _trim(journal: Journal, projector: Projector) -> None:
    """Once an hour drops from the journal what PostgreSQL has."""
    while True:
        await asyncio.sleep(TRIM_EVERY_S)
        try:
            removed = await asyncio.to_thread(journal.trim, projector.applied_seq)
        except JournalError as error:  # a full disk, which a later hour may find emptier
            log.error("journal_not_trimmed", reason=str(error))
        else:
            log.info("journal_trimmed", removed=removed)
