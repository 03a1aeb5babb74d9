"""The lock of the serial console: locked in operation, unlocked by an answer to a challenge with the node's own key.

boot.py, main.py and the app share it; like boot.py it is never changed over the air. What it protects from, and
what not, is in docs/design/security.md.
"""

import json
from binascii import hexlify
from hashlib import sha256

_UNLOCKED_MS = 900000  # an unlocked console is locked again after a quarter of an hour
_FIRST_WAIT_MS = 5000  # after a wrong answer; doubled by each further one
_LONGEST_WAIT_MS = 320000
_ANSWER_MS = 10000
_LONGEST_LINE = 80
_LOCKED = "lamppost: the console is locked; lamplighter unlock opens it"


def secret(root, random):
    """The secret that answers are made with, from the node's private key; None: the console is not locked.

    A key that cannot be read leaves the console locked for good: no answer is right then. What is left is the
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


class ConsoleLock:
    """The console of a node in operation.

    key -- from secret(); keyboard -- micropython.kbd_intr; random -- os.urandom; ticks, since -- of time
    mark(flag) -- notes in RTC memory what must outlive a soft reset: b"u" for unlocked
    unlocked -- a right answer came; refused -- how many wrong answers came
    """

    def __init__(self, key, keyboard, random, ticks, since, mark):
        self._key = key
        self._keyboard = keyboard
        self._random = random
        self._ticks = ticks
        self._since = since
        self._mark = mark
        self._line = b""
        self._challenge = None  # that waits for its answer
        self._at = 0  # ticks of the last challenge, refusal or unlocking
        self._wait_ms = 0  # after the last wrong answer
        self._waiting = False
        self.unlocked = False
        self.refused = 0

    def lock(self):
        """Ctrl-C is a byte like any other from here on."""
        self.unlocked = False
        self._mark(b"-")
        self._keep_interrupt_off()

    def _keep_interrupt_off(self):
        while True:
            try:
                self._keyboard(-1)
                return
            except KeyboardInterrupt:
                pass  # pressed just before

    def unlock(self):
        """Ctrl-C gives the REPL again, for a while."""
        self.unlocked, self._waiting, self._wait_ms = True, False, 0
        self._at = self._ticks()
        self._mark(b"u")
        self._keyboard(3)

    def expire(self, file_starts=False):
        """Called twice a second: times run out. file_starts -- the port has just let Ctrl-C through for a new file."""
        if file_starts and not self.unlocked:
            self._keep_interrupt_off()
        passed = self._since(self._ticks(), self._at)
        if self.unlocked and passed > _UNLOCKED_MS:
            self.lock()
        if self._waiting and passed > self._wait_ms:
            self._waiting = False
        if self._challenge and passed > _ANSWER_MS:
            self._challenge = None

    @property
    def asked(self):
        """A challenge is pending, and some seconds are left to answer it."""
        return self._challenge is not None

    def take(self, byte):
        """Take one byte of the console; returns the line to print, or None."""
        if byte in b"\1\3":
            self._line = b""
            return None if self.unlocked else _LOCKED
        if byte not in b"\r\n":
            self._line = (self._line + byte)[-_LONGEST_LINE:]
            return None
        line, self._line = self._line, b""
        if line[-3:] == b"who":
            return None if self.unlocked else _LOCKED  # nothing runs that could say more
        if line == b"unlock":
            return "lamppost: " + self._ask()
        if line[:7] == b"answer ":
            return "lamppost: " + self._judge(line[7:])
        return None

    def _ask(self):
        self.expire()
        if self._waiting:
            return "wait %d s" % ((self._wait_ms - self._since(self._ticks(), self._at)) // 1000 + 1)
        self._challenge, self._at = self._random(16), self._ticks()
        return "challenge " + hexlify(self._challenge).decode()

    def _judge(self, answer):
        self.expire()
        if not self._challenge:
            return "no challenge is pending"
        right = hexlify(proof(self._key, self._challenge))
        self._challenge = None
        # digests of both: how long it takes tells nothing of the right one
        if sha256(right).digest() == sha256(answer).digest():
            self.unlock()
            return "unlocked"
        self.refused += 1
        self._at, self._waiting = self._ticks(), True
        self._wait_ms = min(2 * self._wait_ms or _FIRST_WAIT_MS, _LONGEST_WAIT_MS)
        return "refused; wait %d s" % (self._wait_ms // 1000)

    def wait(self, ms, poll, read):
        """Read the console for so long, longer while a challenge is pending; True once it is unlocked.

        poll(ms) -- whether a byte is there within so many milliseconds; read(1) -- takes it
        """
        began, told, refused = self._ticks(), None, self.refused
        while self._since(self._ticks(), began) < ms or self.asked:
            self.expire()
            if not poll(50):
                continue
            said = self.take(read(1))
            if said and said != told:
                print(said)
            told = said or told
            if self.unlocked:
                return True
            if self.refused > refused:
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


def of_node(memory, soft):
    """The lock of this node's console, unlocked only if it was so before a soft reset; None if it has no lock.

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

    console_lock = ConsoleLock(key, micropython.kbd_intr, os.urandom, time.ticks_ms, time.ticks_diff, mark)
    if memory[3:4] == b"U" or soft and memory[3:4] == b"u":
        console_lock.unlock()
    else:
        console_lock.lock()
    return console_lock
