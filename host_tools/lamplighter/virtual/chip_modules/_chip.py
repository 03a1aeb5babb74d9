# Brings the simulated chip up as the port's C main and _boot.py do, then leaves the way to boot.py and main.py.

import gc
import micropython
import sys

import uos
from _world import world
from ucollections import namedtuple

REPL_MARK = "\x1b_lamppost-repl\x1b\\"  # the supervisor takes it out of the console's text


def _implementation():
    """sys.implementation of the MicroPython that the flash holds, although another one runs."""
    version = world.facts["version"].split(" ")[0]
    numbers = [int(part) for part in version.split("-")[0][1:].split(".")]
    numbers += [0] * (3 - len(numbers))
    kind = namedtuple("implementation", ("name", "version", "_machine", "_mpy"))
    return kind("micropython", tuple(numbers) + ("",), world.facts["machine"], sys.implementation._mpy)


class _Sys:
    """sys, with the platform's name and the image's version."""

    platform = "esp32"
    implementation = _implementation()

    def __getattr__(self, name):
        return getattr(_sys, name)

    def __setattr__(self, name, value):
        setattr(_sys, name, value)


_sys = sys


def _widen_names():
    """Let the table of names take its next step now: with those of these modules it is a chip's several times over.

    A chip has room for 300 names of the firmware, then 320 more; here the step would be of 14 kB at a time.
    """
    number, before = 0, gc.mem_alloc()
    while gc.mem_alloc() - before < 4096:
        before = gc.mem_alloc()
        for number in range(number, number + 20):
            hasattr(gc, "\x7f%d" % number)  # a name from now on
        gc.collect()


def _corrupted():
    import time

    while True:
        print(
            "The filesystem appears to be corrupted. If you had important data there, you\n"
            "may want to make a flash snapshot to try to recover it. Otherwise, perform\n"
            "factory reprogramming of MicroPython firmware (completely erase flash, followed\n"
            "by firmware programming).\n"
        )
        time.sleep(3)


def _mount(vfs, esp32):
    """The port's _boot.py and inisetup.py."""
    found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="vfs")
    vfs.umount("/")
    if not found:
        return
    bdev = found[0]
    try:
        vfs.mount(bdev, "/")
        return
    except OSError:
        pass
    block = bytearray(bdev.ioctl(5, 0))
    bdev.readblocks(0, block)
    if block != b"\xff" * len(block):
        _corrupted()
    print("Performing initial setup")
    vfs.VfsLfs2.mkfs(bdev)
    vfs.mount(vfs.VfsLfs2(bdev), "/")
    with open("/boot.py", "w") as file:
        file.write("# This file is executed on every boot (including wake-boot from deepsleep)\n")


def up(raw):
    import time  # noqa: F401

    import _dali
    import _parts
    import esp32
    import machine  # noqa: F401
    import neopixel  # noqa: F401
    import network  # noqa: F401
    import os  # noqa: F401
    import select  # noqa: F401
    import socket  # noqa: F401
    import vfs

    import _asyncio  # noqa: F401

    _parts.start()
    _dali.start()
    machine.wake()
    world.bell = world.ring  # its address goes out of MicroPython: it must stay where it is
    uos.putenv("LAMPPOST_RING", str(id(world.bell)))
    _mount(vfs, esp32)
    sys.path[:] = ["", ".frozen", "/lib"]
    sys.modules["sys"] = _Sys()
    for name in ("_world", "_parts", "_dali", "_partition", "_ota", "_chip", "_asyncio"):
        sys.modules.pop(name, None)
    world.facts = {key: world.facts[key] for key in _KEPT}
    names = __import__("__main__").__dict__
    names.pop("_chip", None)
    gc.collect()
    _widen_names()
    go = []
    world.handlers["go"] = lambda: go.append(True)
    world.say("ready %d" % gc.mem_alloc())
    while not go:  # the supervisor may first want another size of heap
        world.wait_for_message()
    if _run("boot.py", names) and not raw:
        _run("main.py", names)
    _sys.stdout.write(REPL_MARK)


def _run(name, names):
    """Run a file if it is there, as the port does; False when it ended with an exception."""
    try:
        uos.stat(name)
    except OSError:
        return True
    micropython.kbd_intr(3)  # each file starts with Ctrl-C let through
    try:
        execfile(name, names)
    except SystemExit:
        world.end("soft")
    except BaseException as error:  # noqa: BLE001 -- KeyboardInterrupt too: it leads to the REPL
        _sys.print_exception(error)
        return False
    return True


# facts that are asked for later on; the others were only for the start
_KEPT = ("machine", "weigh", "mac", "relay", "utc_us", "app", "version", "flash_size", "cause", "supply", "registers")
