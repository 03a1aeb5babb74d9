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
    return _uname("esp32", "esp32", "1.29.0", "v1.29.0-preview", world.facts["machine"])


def sync():
    pass


def dupterm(stream, index=0):
    return None
