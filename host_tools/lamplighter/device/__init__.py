"""A node on a serial port: its console, its REPL, its files."""
