"""Verbs: what people tell the service to do with calls, each accepted first and told of when it came about.

A verb is one frozen dataclass (what is asked), one pure `begin`, perhaps one pure `follow`, and one row in
`cti.verbs.table.VERBS`. Standard library only, and pure, like `cti.calls`.
"""
