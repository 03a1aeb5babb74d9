"""The city's certificate authority, its keys and certificates."""
