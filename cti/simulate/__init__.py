"""A call center in virtual time over the very router that the live service runs: `hotline simulate`."""
