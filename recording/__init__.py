"""The archive: calls with their legs and segments as records, and the recordings."""
