"""Version and build of this app; `lamplighter image` writes the real values."""

VERSION = "0"
BUILD = "source"
