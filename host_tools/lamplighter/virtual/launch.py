"""Becomes one MicroPython: `python -I -S launch.py WHEEL_FOLDER HEAP ARGUMENTS...`, its terminal on standard input."""

import ctypes
import fcntl
import os
import signal
import sys
import termios


def ring_on_alarm(library_path: str | None) -> None:
    """Let SIGUSR1 schedule the function that the chip's modules named in LAMPPOST_RING.

    MicroPython's REPL waits in C; a signal that interrupts it and a scheduled function are how a hardware
    timer gets through there, as on the real chip.
    """
    library, libc = ctypes.CDLL(library_path), ctypes.CDLL(None)
    library.mp_sched_schedule.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    libc.getenv.restype = ctypes.c_char_p

    @ctypes.CFUNCTYPE(None, ctypes.c_int)
    def ring(_signum):
        function = libc.getenv(b"LAMPPOST_RING")
        if function:
            library.mp_sched_schedule(int(function), 1)  # 1 is the object 0

    ring_on_alarm.kept = ring  # type: ignore[attr-defined]  # C holds only the address
    libc.signal(signal.SIGUSR1, ring)
    libc.siginterrupt(signal.SIGUSR1, 1)


def main() -> None:
    folder, heap, *arguments = sys.argv[1:]
    # the terminal becomes the controlling one, so that the end of the supervisor ends this process too
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    sys.path.insert(0, folder)
    import micropython_module  # type: ignore[import-not-found]

    ring_on_alarm(micropython_module.__file__)
    sys.stdout.flush()
    micropython_module.run_main(["micropython", "-X", f"heapsize={heap}", *arguments])
    os._exit(0)


main()
