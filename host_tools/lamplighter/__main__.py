"""`python -m lamplighter`, the same as the command `lamplighter`."""

from .cli import main

main()
