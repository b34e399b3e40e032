"""The whole schema as the code knows it, put together from the tables that each part defines for itself."""

from __future__ import annotations

from sqlalchemy import MetaData

from cti import projection
from recording import tables as archive
from workorder import tables as work_orders

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


def whole_schema() -> MetaData:
    """Every table of the database; here the references from one part's tables to another's are resolved."""
    whole = MetaData(naming_convention=NAMES)
    for part in (archive.metadata, work_orders.metadata, projection.metadata):
        for table in part.tables.values():
            table.to_metadata(whole)
    return whole
