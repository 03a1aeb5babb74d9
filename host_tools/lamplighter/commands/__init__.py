"""One verb a file; each offers `command`, a click command."""
