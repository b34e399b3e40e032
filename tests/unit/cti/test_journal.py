"""Nothing that was appended is lost, whatever happens to the process, the disk or the reader."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti import journal as module
from cti.journal import Draft, Entry, Journal, JournalError, JournalInUse, JournalTooNew
from cti.records_json import JSON

NOON = 1_700_000_000.0
HOUR = 3600.0


def draft(key: str = "k", n: int = 0, *, kind: str = "call", at: float = NOON) -> Draft:
    return Draft(at, kind, key, {"n": n})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "down" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with closing(Journal.open(path)) as opened:
        yield opened


def test_entries_are_read_in_the_order_they_were_appended(journal: Journal) -> None:
    assert journal.append([draft("a", 1), draft("b", 2)]) == 2
    assert journal.append([draft("a", 3)]) == 3

    assert journal.read(0, 10) == [
        Entry(1, NOON, "call", "a", {"n": 1}),
        Entry(2, NOON, "call", "b", {"n": 2}),
        Entry(3, NOON, "call", "a", {"n": 3}),
    ]
    assert [entry.seq for entry in journal.read(1, 1)] == [2]
    assert journal.read(3, 10) == []


def test_an_empty_journal_has_nothing_and_knows_it(journal: Journal) -> None:
    assert (journal.last_seq, journal.trimmed_upto, journal.read(0, 10), journal.state()) == (0, 0, [], {})
    assert journal.append([]) == 0


def test_state_is_kept_replaced_and_removed_with_the_entries(journal: Journal) -> None:
    journal.append([draft()], {"agent/1001": {"s": "ready"}, "agent/1002": 1, "figures/q": [1, 2]})
    journal.append([], {"agent/1001": {"s": "busy"}, "agent/1002": None})

    assert journal.state("agent/") == {"agent/1001": {"s": "busy"}}
    assert journal.state() == {"agent/1001": {"s": "busy"}, "figures/q": [1, 2]}


def test_a_prefix_is_taken_literally(journal: Journal) -> None:
    journal.append([], {"a_b": 1, "axb": 2, "%": 3})

    assert journal.state("a_") == {"a_b": 1}
    assert journal.state("%") == {"%": 3}


def test_the_latest_of_a_key_is_the_last_one_appended(journal: Journal) -> None:
    journal.append([draft("a", 1), draft("b", 9), draft("a", 2), draft("a", 7, kind="decision")])

    assert journal.latest("call", "a") == {"n": 2}
    assert journal.latest("call", "none") is None


def test_everything_is_there_after_closing_and_opening_again(path: Path) -> None:
    with closing(Journal.open(path)) as journal:
        journal.append([draft("a", 1)], {"s": 1})
        first_id = journal.journal_id
    with closing(Journal.open(path)) as journal:
        assert journal.journal_id == first_id
        assert [entry.body for entry in journal.read(0, 10)] == [{"n": 1}]
        assert journal.state() == {"s": 1}


def test_two_journals_have_two_ids(tmp_path: Path) -> None:
    with closing(Journal.open(tmp_path / "a")) as one, closing(Journal.open(tmp_path / "b")) as other:
        assert one.journal_id != other.journal_id


WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from cti.journal import JSON, Draft, Journal
journal = Journal.open(Path(sys.argv[1]))
n = 0
while True:
    n += 1
    pair = [Draft(float(n), "call", key, {"n": n}) for key in "ab"]
    seq = journal.append(pair, {"n": n})
    print(seq, flush=True)
"""


def test_what_append_returned_from_survives_a_killed_process(path: Path) -> None:
    command = [sys.executable, "-c", WRITE_UNTIL_KILLED, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(50):
            acknowledged = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)

    with closing(Journal.open(path)) as journal:
        entries = journal.read(0, 1_000_000)

    assert len(entries) >= acknowledged
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert len(entries) % 2 == 0, "a transaction is there whole or not at all"


def test_what_write_returned_from_survives_a_killed_process_and_is_read_once_synced(path: Path) -> None:
    program = WRITE_UNTIL_KILLED.replace("journal.append", "journal.write")
    assert program != WRITE_UNTIL_KILLED
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True) as p:
        assert p.stdout is not None
        for _ in range(50):
            acknowledged = int(p.stdout.readline())
        os.kill(p.pid, signal.SIGKILL)

    with closing(Journal.open(path)) as journal:
        assert len(journal.read(0, 1_000_000)) >= acknowledged


def test_only_what_is_durable_is_read(journal: Journal) -> None:
    journal.append([draft("a")])
    assert journal.write([draft("b")]) == 2

    assert [entry.key for entry in journal.read(0, 10)] == ["a"]
    journal.sync()
    assert [entry.key for entry in journal.read(0, 10)] == ["a", "b"]


def test_a_sync_syncs_the_file_that_commits_are_in(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", lambda fd: synced.append(os.fstat(fd).st_ino))
    journal.append([draft("a")])

    assert synced == [path.with_name(path.name + "-wal").stat().st_ino]


def test_a_sync_that_the_disk_refuses_is_an_error_and_nothing_is_read(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(5, "Input/output error")

    journal.write([draft("a")])
    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", refuse)
        with pytest.raises(JournalError, match="could not be synced"):
            journal.sync()
    assert journal.read(0, 10) == []
    journal.sync()
    assert len(journal.read(0, 10)) == 1


def test_the_wal_is_carried_into_the_file_and_begins_anew(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHECKPOINT_BYTES", 100_000)
    body: dict[str, JSON] = {"text": "x" * 2000}
    for number in range(300):
        journal.append([Draft(NOON, "call", str(number), body)])

    assert path.with_name(path.name + "-wal").stat().st_size < 300_000
    assert len(journal.read(0, 1000)) == 300


def test_a_wal_that_was_too_large_once_begins_anew_no_more_often_than_it_grows_too_large(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite syncs the header of a WAL that begins anew in the commit, which the routing loop waits for."""
    monkeypatch.setattr(module, "_CHECKPOINT_BYTES", 500_000)
    wal = path.with_name(path.name + "-wal")
    while wal.stat().st_size <= 500_000:
        journal.write([Draft(NOON, "call", "large", {"text": "x" * 50_000})])
    journal.sync()
    journal.write([draft()])
    assert wal.stat().st_size < 50_000

    salts = set()
    for number in range(50):
        journal.write([draft(str(number))])
        journal.sync()
        with wal.open("rb") as file:
            salts.add(file.read(24)[16:])  # new ones for each WAL (SQLite's file format, 4.1)
    assert len(salts) <= 2, "50 commits of 12 kB each"
    assert len(journal.read(0, 1000)) == journal.last_seq


def test_trimming_takes_several_transactions_for_many_entries(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TRIM_STEP", 3)
    journal.append([draft(str(number), kind="decision") for number in range(10)])

    assert journal.trim(8) == 8
    assert [entry.seq for entry in journal.read(0, 10)] == [9, 10]


def test_a_second_process_is_refused_and_told_who_has_it(journal: Journal, path: Path) -> None:
    with pytest.raises(JournalInUse, match=rf"in use by process {os.getpid()}"):
        Journal.open(path)


def test_a_closed_journal_is_free_for_the_next_process(path: Path) -> None:
    journal = Journal.open(path)
    journal.close()
    journal.close()

    Journal.open(path).close()


def test_a_journal_of_a_newer_format_is_refused_and_stays_as_it_is(path: Path) -> None:
    Journal.open(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")

    with pytest.raises(JournalTooNew, match="format 99; this version of the software knows formats up to 1"):
        Journal.open(path)

    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (99,)
        database.execute("PRAGMA user_version = 1")
    Journal.open(path).close()


def test_a_database_of_another_program_is_refused(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE somebody_elses (x)")

    with pytest.raises(JournalError, match="another program"):
        Journal.open(path)

    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",), "it was not touched"


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"these are not the bytes of a database" * 100)

    with pytest.raises(JournalError, match="cannot be opened"):
        Journal.open(path)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(JournalError, match=r"directory .*file/x cannot be used"):
        Journal.open(tmp_path / "file" / "x" / "journal.db")


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """No file of this process may grow past `limit` bytes: writing fails as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_an_error_and_leaves_nothing_half_written(journal: Journal, path: Path) -> None:
    journal.append([draft("a", 1)], {"s": 1})
    size = path.with_name(path.name + "-wal").stat().st_size

    with full_disk(size), pytest.raises(JournalError, match="could not be written"):
        journal.append([Draft(NOON, "call", "b", {"text": "x" * 100_000})], {"s": 2})

    assert [entry.key for entry in journal.read(0, 10)] == ["a"]
    assert journal.state() == {"s": 1}
    assert journal.append([draft("c", 3)]) == 2, "and it goes on when there is room again"


def test_what_is_not_json_is_refused_before_anything_is_written(journal: Journal) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        journal.append([draft("a"), Draft(NOON, "call", "b", {"n": float("nan")})])
    with pytest.raises(ValueError, match="surrogates not allowed"):
        journal.append([draft("a"), draft("\ud800")])

    assert journal.last_seq == 0


def test_half_a_surrogate_pair_in_a_body_is_kept(journal: Journal) -> None:
    journal.append([Draft(NOON, "call", "a", {"number": "\udcff\x00市"})])

    assert journal.read(0, 1)[0].body == {"number": "\udcff\x00市"}


def test_a_journal_opened_in_one_thread_works_in_others_while_it_is_read(journal: Journal) -> None:
    rounds = 50
    failures: list[BaseException] = []

    def write(key: str) -> None:
        try:
            for n in range(rounds):
                journal.append([draft(key, n), draft(key, n)])
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(key,)) for key in "abc"]
    for writer in writers:
        writer.start()
    seen: list[Entry] = []
    while len(seen) < 2 * rounds * len(writers) and not failures:
        seen += journal.read(seen[-1].seq if seen else 0, 7)
    for writer in writers:
        writer.join()

    assert not failures
    assert [entry.seq for entry in seen] == list(range(1, 2 * rounds * len(writers) + 1))
    for key in "abc":
        assert [entry.body["n"] for entry in seen if entry.key == key] == [
            n for n in range(rounds) for _ in "12"
        ]


def test_trimming_keeps_what_is_not_projected_and_recent_calls_latest_record(journal: Journal) -> None:
    journal.append(
        [
            draft("old", 1, at=NOON - 25 * HOUR),
            draft("recent", 1, at=NOON - 23 * HOUR),
            draft("recent", 2, at=NOON - 22 * HOUR),
            draft("d", 1, kind="decision"),
            draft("unprojected", 1),
        ],
        {"agent/1001": 1},
    )

    assert journal.trim(4) == 3

    assert [(entry.key, entry.body["n"]) for entry in journal.read(0, 10)] == [
        ("recent", 2),
        ("unprojected", 1),
    ]
    assert journal.latest("call", "recent") == {"n": 2}
    assert journal.state() == {"agent/1001": 1}
    assert journal.trimmed_upto == 4


def test_numbers_go_on_after_everything_was_trimmed(path: Path) -> None:
    with closing(Journal.open(path)) as journal:
        journal.append([draft("a", kind="decision"), draft("b", kind="decision")])
        journal.trim(2)
        assert journal.read(0, 10) == []
    with closing(Journal.open(path)) as journal:
        assert journal.last_seq == 2
        assert journal.append([draft()]) == 3


def test_trimming_less_than_before_forgets_nothing_about_the_earlier_trim(journal: Journal) -> None:
    journal.append([draft("a", kind="decision"), draft("b", kind="decision")])
    journal.trim(2)
    journal.trim(1)

    assert journal.trimmed_upto == 2


@given(
    data=st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 60)), max_size=20),
    cut=st.integers(0, 20),
)
def test_trimming_never_removes_the_latest_record_of_a_recent_call(
    tmp_path_factory: pytest.TempPathFactory, data: list[tuple[str, bool, int]], cut: int
) -> None:
    drafts = [
        draft(key, n, kind="call" if is_call else "decision", at=NOON + hours * HOUR)
        for n, (key, is_call, hours) in enumerate(data)
    ]
    with closing(Journal.open(tmp_path_factory.mktemp("trim") / "j")) as journal:
        journal.append(drafts)
        before = journal.read(0, 100)
        upto = min(cut, len(before))
        journal.trim(upto)
        after = journal.read(0, 100)

        newest = {entry.key: entry for entry in before if entry.kind == "call"}
        for entry in newest.values():
            if before[-1].at - entry.at <= 24 * HOUR:
                assert entry in after
        assert [entry for entry in after if entry.seq > upto] == [
            entry for entry in before if entry.seq > upto
        ]
