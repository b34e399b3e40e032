"""How the archive's writers put rows into PostgreSQL.

A statement is built once: SQLAlchemy takes longer to put one together than PostgreSQL to carry it out.
"""

from __future__ import annotations

from functools import cache

from sqlalchemy import Select, Table, Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert


@cache
def insertion(table: Table) -> Insert:
    return insert(table)


@cache
def first_stays(table: Table) -> Insert:
    """A row that is there stays as it is."""
    return insert(table).on_conflict_do_nothing()


@cache
def newer_wins(table: Table, newer: str) -> Insert:
    """Replaces the whole row when the column `newer` says that this one is."""
    upsert = insert(table)
    return upsert.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={each.name: upsert.excluded[each.name] for each in table.columns if not each.primary_key},
        where=table.c[newer] < upsert.excluded[newer],
    )


@cache
def deletion_by_call(*tables: Table) -> Select[int]:
    """Of the rows of some calls, `parents`, in all the tables at once."""
    of_parents = any_(bindparam("parents", type_=ARRAY(Text)))
    deletions = (table.delete().where(table.c.call == of_parents) for table in tables)
    return select(1).add_cte(*(deletion.cte() for deletion in deletions))
