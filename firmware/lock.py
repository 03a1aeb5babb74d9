"""The lock of the serial console: shut in operation, opened by who answers a challenge with the node's own key.

boot.py, main.py and the app share it; like boot.py it is never changed over the air. What it protects from, and
what not, is in docs/design/security.md.
"""

import json
from binascii import hexlify
from hashlib import sha256

_OPEN_MS = 900000  # an unlocked console shuts by itself after a quarter of an hour
_FIRST_WAIT_MS = 5000  # after a wrong answer; doubled by each further one
_LONGEST_WAIT_MS = 320000
_ANSWER_MS = 10000
_LONGEST_LINE = 80
_SHUT = "lamppost: the console is locked; lamplighter unlock opens it"


def secret(root, random):
    """What answers are made with, from the node's private key; None: the console is open to everybody.

    A key that cannot be read leaves the console shut for good: no answer is right then, and the way in is the
    boot loader, which costs the configuration.
    """
    for name in ("config.json", "config.old"):
        try:
            with open(root + name) as file:
                doc = json.load(file)
            if doc.get("mode") != "operation":
                return None
        except (OSError, ValueError, AttributeError):
            continue  # as the app does: the one before counts
        try:
            with open(doc["mqtt"]["tls"]["key"], "rb") as file:
                return sha256(b"lamppost console 1" + file.read()).digest()
        except (OSError, KeyError, TypeError):
            return random(32)
    return None


def proof(key, challenge):
    """HMAC-SHA-256 (RFC 2104) of the challenge, with a key of 32 bytes."""
    block = key + bytes(32)
    inner = sha256(bytes([byte ^ 0x36 for byte in block]) + challenge).digest()
    return sha256(bytes([byte ^ 0x5C for byte in block]) + inner).digest()


class Door:
    """The console of a node in operation.

    key -- from secret(); keyboard -- micropython.kbd_intr; random -- os.urandom; ticks, since -- of time
    mark(flag) -- notes in RTC memory what must outlive a soft reset: b"u" for unlocked
    opened -- somebody answered right; wrong -- how many answers were not
    """

    def __init__(self, key, keyboard, random, ticks, since, mark):
        self._key = key
        self._keyboard = keyboard
        self._random = random
        self._ticks = ticks
        self._since = since
        self._mark = mark
        self._line = b""
        self._challenge = None  # what somebody has been asked
        self._at = 0  # ticks: asked, refused or opened then
        self._wait_ms = 0  # after the last wrong answer
        self._waiting = False
        self.opened = False
        self.wrong = 0

    def shut(self):
        """Ctrl-C is a byte like any other from here on."""
        self.opened = False
        self._mark(b"-")
        self._bar()

    def _bar(self):
        while True:
            try:
                self._keyboard(-1)
                return
            except KeyboardInterrupt:
                pass  # pressed just before

    def open(self):
        """Ctrl-C gives the REPL again, for a while."""
        self.opened, self._waiting, self._wait_ms = True, False, 0
        self._at = self._ticks()
        self._mark(b"u")
        self._keyboard(3)

    def tend(self, anew=False):
        """To be called now and then: times run out. anew -- a file starts, with Ctrl-C let through by the port."""
        if anew and not self.opened:
            self._bar()
        passed = self._since(self._ticks(), self._at)
        if self.opened and passed > _OPEN_MS:
            self.shut()
        if self._waiting and passed > self._wait_ms:
            self._waiting = False
        if self._challenge and passed > _ANSWER_MS:
            self._challenge = None

    @property
    def asked(self):
        """Somebody has a challenge, and some seconds left to answer it."""
        return self._challenge is not None

    def hear(self, byte):
        """One byte of the console; what is to be said to it, or None."""
        if byte in b"\1\3":
            self._line = b""
            return None if self.opened else _SHUT
        if byte not in b"\r\n":
            self._line = (self._line + byte)[-_LONGEST_LINE:]
            return None
        line, self._line = self._line, b""
        if line[-3:] == b"who":
            return None if self.opened else _SHUT  # nothing runs that could say more
        if line == b"unlock":
            return "lamppost: " + self._ask()
        if line[:7] == b"answer ":
            return "lamppost: " + self._judge(line[7:])
        return None

    def _ask(self):
        self.tend()
        if self._waiting:
            return "wait %d s" % ((self._wait_ms - self._since(self._ticks(), self._at)) // 1000 + 1)
        self._challenge, self._at = self._random(16), self._ticks()
        return "challenge " + hexlify(self._challenge).decode()

    def _judge(self, answer):
        self.tend()
        if not self._challenge:
            return "no challenge is pending"
        right = hexlify(proof(self._key, self._challenge))
        self._challenge = None
        # digests of both: how long it takes tells nothing of the right one
        if sha256(right).digest() == sha256(answer).digest():
            self.open()
            return "unlocked"
        self.wrong += 1
        self._at, self._waiting = self._ticks(), True
        self._wait_ms = min(2 * self._wait_ms or _FIRST_WAIT_MS, _LONGEST_WAIT_MS)
        return "refused; wait %d s" % (self._wait_ms // 1000)

    def wait(self, ms, poll, read):
        """Hear the console for so long, and for whoever asked until he has answered; True once it is open.

        poll(ms) -- whether a byte is there within so many milliseconds; read(1) -- takes it
        """
        began, told, wrong = self._ticks(), None, self.wrong
        while self._since(self._ticks(), began) < ms or self.asked:
            self.tend()
            if not poll(50):
                continue
            said = self.hear(read(1))
            if said and said != told:
                print(said)
            told = said or told
            if self.opened:
                return True
            if self.wrong > wrong:
                return False
        return False

    def hold(self, ms):
        """Keep the console for so long; a right answer raises KeyboardInterrupt, which leads to the REPL."""
        import select
        import sys

        poller = select.poll()
        poller.register(sys.stdin, select.POLLIN)
        if self.wait(ms, poller.poll, sys.stdin.buffer.read):
            raise KeyboardInterrupt


def closed(memory, soft):
    """The Door of this node, shut unless it was unlocked before a soft reset; None for a console that is open.

    memory -- the RTC's: its fourth byte is b"u" while unlocked, b"U" if that is to hold over the next reset too
    """
    import os
    import time

    import machine
    import micropython

    key = secret("/", os.urandom)
    if key is None:
        return None

    def mark(flag):
        rtc = machine.RTC()
        rtc.memory((bytes(rtc.memory())[:3] + b"---")[:3] + flag)

    door = Door(key, micropython.kbd_intr, os.urandom, time.ticks_ms, time.ticks_diff, mark)
    if memory[3:4] == b"U" or soft and memory[3:4] == b"u":
        door.open()
    else:
        door.shut()
    return door
