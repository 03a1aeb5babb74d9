"""Every failure on the node is a Fault with one word; docs/reference/faults.md explains each word."""


class Fault(Exception):
    """A failure with one word (see docs/reference/faults.md) and a detail for the log."""

    def __init__(self, word, detail=""):
        super().__init__(word, detail)
        self.word = word
        self.detail = detail

    def __str__(self):
        return "%s: %s" % (self.word, self.detail) if self.detail else self.word


class SensorFault(Fault):
    """A part did not give a reading that can be trusted. Words:

    silent       nothing answered within the time-out
    garbled      bytes came, but no frame among them is whole (checksum, length, marker)
    refused      the part answered with an error code (detail holds it)
    foreign      a good answer from another address, command, model or version
    range        a complete frame with a value outside the part's range
    partial      the part gives only some of its values (detail names the missing ones); the others are good
    signal       the part reports that it has no usable measurement (no echo, too weak, blinded)
    warming      the part needs more time after power-on
    unset        the clock has lost its time, or was never set by a lamppost
    backwards    a meter whose power runs the other way (said by the self-test; readings keep the sign)
    bus          the bus itself failed (short circuit, driver error), or the board has none of that name
    """


class JournalFault(Fault):
    """The journal cannot do what was asked. Words:

    foreign (another format version) worn full toolong dropped damaged
    """


class LinkFault(Fault):
    """The connection to the broker failed. Words:

    nowifi nodns refused timeout closed protocol badlogin notallowed badclientid unavailable halfopen
    internal (a mistake of the firmware, caught: the detail names it)
    of MQTT 5.0's reason codes besides (link/mqtt/packets_v5.py): version unspecified busy dismissed takenover badtopic
    toolarge quota badpayload noretain noqos redirected nosubscription
    of TLS (link/tls.py): clock expired notyet wrongname untrusted rejected nocert nomemory tls
    (nomemory also where what connects or sends cannot be loaded)
    """


class CommandFault(Fault):
    """A command from the broker was not done, or not to its end. Words:

    retained expired noclock invalid unknown busy worn (refused)
    absent       what it is about is not there: no such bay, no alarm of that name on, no LED
    failed       the self-test found something
    interrupted  the node restarted during the command
    timeout      it took too long
    internal     a mistake of the firmware, caught: the detail names it
    """


class SettingsFault(Fault):
    """The configuration on the node cannot be used. Words: missing, unreadable, invalid."""


class FetchFault(Fault):
    """A web server does not give what was asked of it; it is asked again. Words:

    answer       it answers something else than the piece that was asked for, such as a login page
    absent       it has no such file
    """


class UpdateFault(Fault):
    """An update over the air cannot be made, or was taken back. Words:

    desired      ota/desired is not an update that this firmware understands
    untrusted    no key on the node signed the release, or the signature is not right
    spoilt       the server's bytes are not those that the hash promises, several times in a row
    board        the release is not for this board or chip
    micropython  the release is not for the MicroPython on this node
    floor        the release is older than the oldest that this node may still run
    full         the file system, or the slot for MicroPython, has no room for it
    slots        the flash has no second slot for MicroPython
    loader       the boot loader cannot go back from a MicroPython that does not start
    crashed      the new app or MicroPython did not start, or crashed three times while it was on trial
    damaged      the new MicroPython failed its trial, and the one before is damaged: the new one stays
    deadline     the new app did not become healthy within its powered minutes
    """
