"""The local journal: what happened is in this file before anything is done about it.

PostgreSQL gets it from here (`cti.projection`), however long it is away. One SQLite file in WAL mode. What
`write` returned from survives the death of this process; what `sync` returned from survives that of the
machine, and only that is read by `read`. A torn write at power loss is rolled back on opening.

Threads: every method may be called from any thread, whichever opened the journal. Writers take turns behind a
lock, and wait for no `sync`; `read` has a connection of its own and waits for no writer. Processes: one at a
time, held by a lock on `<path>.lock`.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from cti.records_json import JSON, Draft, Entry

__all__ = ["Draft", "Entry", "Journal", "JournalError", "JournalInUse", "JournalTooNew"]

FORMAT = 1
_APPLICATION_ID = 0x484C_4A31
"""Marks the file as ours (SQLite's `application_id`): "HLJ1"."""
_CALLS_KEPT_S = 24 * 3600.0
_CHECKPOINT_BYTES = 16 << 20
"""The WAL is carried into the database file when it is larger than this, by `sync`."""
_TRIM_STEP = 1000
"""Entries looked at in one transaction of `trim`: a writer waits no longer than for these."""

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX entries_by_key ON entries (kind, key, seq);
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class JournalError(Exception):
    """The journal could not be opened, read or written; nothing of a failed `append` may be relied upon."""


class JournalInUse(JournalError):
    """Another process has the journal open."""


class JournalTooNew(JournalError):
    """A newer version of this software wrote the journal."""


class Journal:
    """An open journal. Made by `Journal.open`."""

    def __init__(
        self,
        path: Path,
        lock: IO[str],
        writer: sqlite3.Connection,
        reader: sqlite3.Connection,
        checkpointer: sqlite3.Connection,
    ) -> None:
        self._path = path
        self._process_lock = lock
        self._writer = writer
        self._reader = reader
        self._checkpointer = checkpointer
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._syncing = threading.Lock()
        self._wal: int | None = None
        self._journal_id: str = self._meta("journal_id")
        # What a process before this one left is synced before anything of it is read.
        self._written = self.last_seq
        self._synced = 0
        self.sync()

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Opens the journal, making it and its directories at first.

        Raises `JournalInUse`, `JournalTooNew`, or `JournalError` for a file that is no journal or a disk that
        does not work.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = _lock_process(path)
        except OSError as error:
            raise JournalError(f"the journal's directory {path.parent} cannot be used: {error}") from error
        connections: list[sqlite3.Connection] = []
        try:
            connections.append(_connect(path))
            _prepare(path, connections[0])
            connections += [_connect(path), _connect(path)]
            # A commit is a write without a sync, but for the header of a WAL that begins anew; nothing else
            # may hold it up.
            connections[0].execute("PRAGMA synchronous = NORMAL")
            connections[0].execute("PRAGMA wal_autocheckpoint = 0")
            # A WAL that begins anew is cut. Left as large as it was, `sync` would carry it over each time,
            # and the next commit would begin it anew with that sync of its header.
            connections[0].execute("PRAGMA journal_size_limit = 0")
            return cls(path, lock, *connections)
        except BaseException as error:
            for connection in connections:
                connection.close()
            lock.close()
            if isinstance(error, sqlite3.Error):
                raise JournalError(f"the journal {path} cannot be opened: {error}") from error
            raise

    @property
    def journal_id(self) -> str:
        """Names this journal for good: another file, even at the same path, has another id."""
        return self._journal_id

    @property
    def last_seq(self) -> int:
        """The newest entry's number; 0 before the first."""
        with self._errors("read"), self._reading:
            row = self._reader.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").fetchone()
        return int(row[0]) if row else 0

    @property
    def trimmed_upto(self) -> int:
        """Entries up to this number may have been removed by `trim`."""
        return int(self._meta("trimmed_upto"))

    def append(self, drafts: Sequence[Draft], state: Mapping[str, JSON] | None = None) -> int:
        """`write` and `sync`: durable when it returns. Returns the last number."""
        last = self.write(drafts, state)
        self.sync()
        return last

    def write(self, drafts: Sequence[Draft], state: Mapping[str, JSON] | None = None) -> int:
        """Writes entries and state in one transaction. Returns the last number.

        When it returns they survive a kill of this process, but not yet a power cut: that is for `sync`.
        A state of `None` removes its key. Raises `JournalError` when the disk refuses (full, broken): then
        none of it was written. Raises `ValueError` for what is not JSON or not Unicode, before anything is
        written.
        """
        rows = [
            (draft.at, _storable(draft.kind), _storable(draft.key), _dump(draft.body)) for draft in drafts
        ]
        # What is kept as it was told is put into words once.
        told = {id(draft.body): row[-1] for draft, row in zip(drafts, rows, strict=True)}
        kept = [
            (_storable(k), told.get(id(v)) or _dump(v)) for k, v in (state or {}).items() if v is not None
        ]
        dropped = [(_storable(k),) for k, v in (state or {}).items() if v is None]
        with self._transaction() as connection:
            last = self._written
            for row in rows:
                entered = connection.execute(
                    "INSERT INTO entries (at, kind, key, body) VALUES (?, ?, ?, ?)", row
                )
                assert entered.lastrowid is not None
                last = entered.lastrowid
            connection.executemany("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", kept)
            connection.executemany("DELETE FROM state WHERE key = ?", dropped)
        self._written = max(self._written, last)
        return last

    def sync(self) -> None:
        """Makes durable what was written before the call.

        Takes as long as the disk does. Raises `JournalError` when the disk refuses; what was written may
        then be lost at a power cut.
        """
        with self._errors("synced"), self._syncing:
            written = self._written
            if self._wal is None:
                self._wal = _open_wal(self._path)
            if self._wal is not None:
                os.fdatasync(self._wal)
                if os.fstat(self._wal).st_size > _CHECKPOINT_BYTES:
                    self._checkpointer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._synced = max(self._synced, written)

    def read(self, after: int, limit: int) -> list[Entry]:
        """Up to `limit` durable entries that come after number `after`, oldest first."""
        with self._errors("read"), self._reading:
            rows = self._reader.execute(
                "SELECT seq, at, kind, key, body FROM entries WHERE seq > ? AND seq <= ?"
                " ORDER BY seq LIMIT ?",
                (after, self._synced, limit),
            ).fetchall()
        return [Entry(seq, at, kind, key, json.loads(body)) for seq, at, kind, key, body in rows]

    def state(self, prefix: str = "") -> dict[str, JSON]:
        """The state under every key that begins with `prefix`, in the order of the keys."""
        with self._errors("read"), self._reading:
            rows = self._reader.execute(
                "SELECT key, value FROM state WHERE substr(key, 1, ?) = ? ORDER BY key", (len(prefix), prefix)
            ).fetchall()
        return {key: json.loads(value) for key, value in rows}

    def latest(self, kind: str, key: str) -> dict[str, JSON] | None:
        """The newest body of one kind and key that the journal still holds."""
        with self._errors("read"), self._reading:
            row = self._reader.execute(
                "SELECT body FROM entries WHERE kind = ? AND key = ? ORDER BY seq DESC LIMIT 1", (kind, key)
            ).fetchone()
        body: dict[str, JSON] | None = json.loads(row[0]) if row else None
        return body

    def trim(self, upto: int) -> int:
        """Removes entries up to a number that is in PostgreSQL already. Returns how many were removed.

        The state stays, and so does the latest `call` entry of each call if it is no more than 24 h older
        than the newest entry: late facts about such a call still find it.
        """
        removed = 0
        with self._errors("read"), self._reading:
            (first, at) = self._reader.execute(
                "SELECT min(seq), (SELECT at FROM entries ORDER BY seq DESC LIMIT 1) FROM entries"
            ).fetchone()
        for start in range(first or upto + 1, upto + 1, _TRIM_STEP):
            with self._transaction() as connection:
                removed += connection.execute(
                    "DELETE FROM entries WHERE seq BETWEEN :start AND :end AND NOT (kind = 'call'"
                    " AND at >= :kept_from"
                    " AND NOT EXISTS (SELECT 1 FROM entries AS later WHERE later.kind = entries.kind"
                    " AND later.key = entries.key AND later.seq > entries.seq))",
                    {
                        "start": start,
                        "end": min(start + _TRIM_STEP - 1, upto),
                        "kept_from": at - _CALLS_KEPT_S,
                    },
                ).rowcount
        with self._transaction() as connection:
            connection.execute(
                "UPDATE meta SET value = max(CAST(value AS INTEGER), ?) WHERE name = 'trimmed_upto'", (upto,)
            )
        return removed

    def close(self) -> None:
        """Closes the files and lets another process have them. Closing twice is harmless."""
        with self._writing, self._reading, self._syncing:
            self._reader.close()
            self._checkpointer.close()
            self._writer.close()
            if self._wal is not None:
                os.close(self._wal)
                self._wal = None
            self._process_lock.close()

    def _meta(self, name: str) -> str:
        with self._errors("read"), self._reading:
            row = self._reader.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        value: str = row[0]
        return value

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._errors("written"), self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after some errors, and then refuses to do it again.
                with suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"the journal {self._path} could not be {what}: {error}") from error


def _open_wal(path: Path) -> int | None:
    """The file that SQLite's commits are in; None while there is none. It is one file for as long as the
    journal is open. Its name is made durable too.
    """
    try:
        wal = os.open(path.with_name(path.name + "-wal"), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return wal


def _lock_process(path: Path) -> IO[str]:
    lock_path = path.with_name(path.name + ".lock")
    lock = lock_path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise JournalInUse(
            f"the journal {path} is in use by process {holder}; only one service may run on it:"
            " stop that one, or set another `storage.journal`"
        ) from None
    except BaseException:
        lock.close()
        raise
    return lock


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    new = application == 0 and version == 0 and tables == 0
    if not new and application != _APPLICATION_ID:
        raise JournalError(f"{path} is an SQLite file of another program, not a journal; set another path")
    if version > FORMAT:
        raise JournalTooNew(
            f"the journal {path} has format {version}; this version of the software knows formats up to"
            f" {FORMAT}: start the newer version that wrote it"
        )
    connection.execute("PRAGMA journal_mode = WAL")
    if new:
        # One transaction: a crash in here leaves an empty file, which comes through here again.
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('journal_id', ?)", (str(uuid.uuid4()),))
        connection.execute("INSERT INTO meta VALUES ('trimmed_upto', '0')")
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")


# ASCII with escapes: text with half a surrogate pair, as a broken phone may send, is kept as it is.
_dump = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


def _storable(text: str) -> str:
    text.encode()
    return text
