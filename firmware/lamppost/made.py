"""Which build this is; `lamplighter image` puts the right answers in its place."""

VERSION = "0"
BUILD = "source"
