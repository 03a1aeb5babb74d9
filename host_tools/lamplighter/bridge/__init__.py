"""Bridges from the contract to platforms that others have: each is a translation on the host, never on the node."""
