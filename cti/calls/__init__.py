"""The call model: what Asterisk's channels and bridges mean as calls, legs and segments.

Standard library only, and pure, like `acd`: facts in, records and routing events out.
"""
