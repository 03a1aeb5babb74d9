"""The test bench: pytest on lampposts, virtual, on a cable or behind a port server (docs/reference/hil.md)."""
