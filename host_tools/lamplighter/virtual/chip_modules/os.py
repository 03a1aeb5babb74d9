# os as the ESP32 has it.

import uos
from _world import world
from uos import (
    VfsFat,
    VfsLfs2,
    chdir,
    getcwd,
    ilistdir,
    listdir,
    mkdir,
    mount,
    remove,
    rename,
    rmdir,
    sep,
    stat,
    statvfs,
    umount,
    unlink,
    urandom,
)
from ucollections import namedtuple

_uname = namedtuple("uname", ("sysname", "nodename", "release", "version", "machine"))


def uname():
    version = world.facts["version"]
    release = version.split(" ")[0].split("-")[0][1:]
    return _uname("esp32", "esp32", release, version, world.facts["machine"])


def sync():
    pass


def dupterm(stream, index=0):
    return None
