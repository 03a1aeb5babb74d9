"""What all tests share: each message that any of them saw is held to the contract. Which lamppost they run on says
the package's own plug-in (lamplighter.bench.plugin)."""

import signal

# Started in the background of a script, a process ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["lamplighter.telemetry.recording"]
