"""Telemetry from a broker into a database: each record once, and a proof that none is missing."""
