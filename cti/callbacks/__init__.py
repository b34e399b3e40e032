"""Callbacks as the service keeps them: whom to dial, why, and what became of it. Pure, as `cti.calls` is.

When and by whom a callback is tried is the router's matter (`acd.callbacks`), which knows no number.
"""
