"""Updates the app over the air: from ota/desired to a new app on trial; ota/status reports the progress.

A request names a release on a web server and its hash. The node fetches it, believes it if a trusted key has signed it,
fills the idle slot, waits while the lamps of the street come on, and restarts with the new app on trial.
docs/design/updates.md argues why no power cut leaves a node without an app.
"""

import asyncio
import hashlib
import json
from binascii import hexlify

from micropython import const

from ..core.faults import FetchFault, LinkFault, UpdateFault
from ..link.backoff import Backoff
from .update import key_set, slot_files
from .update import release as releases
from .update.request import Request, near_dusk
from .update.staging import Staging

_ENOSPC = const(28)  # MicroPython's errno does not name it
_PIECE = const(4096)
_TICK_MS = const(500)
_RETRY_MS = const(5000)
_RETRY_MAX_MS = const(600000)
_SPOILT_MOST = const(5)  # times in a row that a file has another hash, before the release counts as wrong
_PROGRESS_MS = const(10000)
_AGAIN_MS = const(10000)  # between two looks whether a restart is welcome


class Withdrawn(Exception):
    """Another update, or none, is asked for meanwhile."""


def _has(sha256):
    """A function that tells whether bytes have that hash."""

    def is_right(data):
        return hexlify(hashlib.sha256(data).digest()).decode() == sha256

    return is_right


class Updates:
    """trial -- update/trial.py; images -- update/base.py; client -- link/http.py; link -- link/connection.py
    clock -- core/clock.py
    node -- {"slot", "build", "board", "location", "micropython": version tuple, "mpy": version}
    floor -- update/floor.py
    healthy(parts) -- whether the node does its work, with these parts; answering() -- ids of the parts that answer
    held() -- why a restart would disturb somebody, a sentence; "" if it does not
    restart(reason, last=None) -- a coroutine that resets the chip so that the active slot starts, after last()
    random(n) -- an integer below n
    """

    def __init__(self, trial, images, client, link, clock, node, floor, healthy, answering, held, restart, random, log):
        self._trial = trial
        self._images = images
        self._client = client
        self._link = link
        self._clock = clock
        self._node = node
        self._floor = floor
        self._healthy = healthy
        self._answering = answering
        self._held = held
        self._restart = restart
        self._random = random
        self._log = log
        self._beat = None
        self._wanted = None
        self._wrong = None  # an UpdateFault: what was asked for is no request
        self._phase = None  # what ota/status says: (id, phase, word, sentence, build)
        self._bytes = (0, 0)
        self._published = None  # connection in which that has been published
        self._published_ms = 0
        self._show_outcome()
        self._keep_floor()  # the power may have gone between the state file and NVS

    # -- what is asked for

    def take(self, last, body, retained):
        """A message on ota/desired; see ops/routes.py."""
        if not body:
            self._wanted = self._wrong = None
            return
        try:
            wanted = Request(body)
            if not wanted.same(self._wanted):
                self._wanted = wanted
            self._wrong = None
        except UpdateFault as fault:
            self._wanted, self._wrong = None, fault

    # -- the task

    async def run(self, beat):
        """For ever; beat.alive() -- reports to the watchdog."""
        while True:
            beat.alive()
            wanted = self._wanted
            if self._trial.active:
                pass  # one update after the other
            elif self._trial.pending:
                await self._start_again(beat)
            elif self._wrong:
                self._show("", "rejected", self._wrong.word, self._wrong.detail)
                self._wrong = None
            elif wanted and wanted.id != self._trial.state.get("last", {}).get("id"):
                await self._carry_out(wanted, beat)
            self._publish()
            await asyncio.sleep_ms(_TICK_MS)

    async def judge(self, beat):
        """Confirm or take back the app that is on trial, for ever."""
        begun = self._clock.uptime_ms()
        while True:
            beat.alive()
            now = self._clock.uptime_ms()
            if self._trial.active and (now - begun >= self._trial.step_ms or self._trial.crashed):
                begun = now
                end = self._trial.look(self._healthy)
                if end:
                    self._keep_floor()
                    self._show_outcome()
                    if self._phase:
                        self._log("update: %s" % " ".join(self._phase[1:4]))
                    self._publish()
                if end == "reverted":
                    await self._restart("reverted")
            elif not self._trial.active:
                begun = now
            await asyncio.sleep_ms(_TICK_MS)

    def _keep_floor(self):
        try:
            self._floor.raise_to(self._trial.state.get("floor", "0"))
        except OSError as error:
            self._log("update: the floor cannot be kept in NVS: %r" % error)

    async def _carry_out(self, wanted, beat):
        self._beat = beat
        build = ""
        try:
            if not self._client.reaches(wanted.place):
                raise UpdateFault("desired", "https needs mqtt.tls: no CA on this node could check the web server")
            await self._await_turn(wanted)
            release = await self._release(wanted)
            build = release["build"]
            image = await self._images.wanted(release)
            if build == self._node["build"] and not image:
                self._end(wanted, "confirmed", "", "This build runs already.", build)
                return
            await self._install(wanted, release, image)
        except Withdrawn:
            self._log("update: %s is not asked for any more" % wanted.id)
            self._show(wanted.id, "withdrawn", "", "", build)
        except UpdateFault as fault:
            self._end(wanted, "rejected", fault.word, fault.detail, build)
        except OSError as error:
            if error.errno != _ENOSPC:
                raise
            self._end(wanted, "rejected", "full", "the file system has no room left", build)
        finally:
            self._client.close()

    async def _await_turn(self, wanted):
        """A random wait: a whole street is asked at once, and comes up at dusk at once."""
        wait_ms = self._random(wanted.spread_s * 1000)
        if wait_ms >= _TICK_MS:
            self._show(wanted.id, "waiting", "turn", "It begins within %d s." % wanted.spread_s)
            await self._pause(wanted, wait_ms)

    async def _release(self, wanted):
        """The release, signed and meant for this node."""
        self._show(wanted.id, "downloading")
        name = wanted.place[3].rsplit("/", 1)[1]
        text = await self._fetch(wanted, name, releases.MAX_BYTES, _has(wanted.sha256))
        keys, serial = key_set.load()
        release, key = releases.signed_by(text, keys)
        node = self._node
        image = self._images.offered(release)
        version = releases.numbers(image["version"]) if image else node["micropython"]
        floor = self._floor.highest(self._trial.state.get("floor", "0"))
        releases.check_fits(release, node["board"], version, node["mpy"], floor)
        self._log("update: %s, build %s, signed by key %s" % (release["version"], release["build"], key))
        await self._take_keys(wanted, release, serial)
        return release

    async def _take_keys(self, wanted, release, serial):
        """Trust the newer set of keys that the release brings; it stays also if the app is taken back."""
        sha256 = key_set.offered(release, serial)
        if sha256 is not None:
            key_set.replace(await self._fetch(wanted, "keys/" + sha256[:16], key_set.MAX_BYTES, _has(sha256)), release)
            self._log("update: the release keys are now set %d" % release["keys"]["serial"])

    async def _install(self, wanted, release, image):
        """image -- what the release says of the MicroPython to install with it; None: the one that runs stays"""
        build, slot = release["build"], self._node["slot"]

        async def fetch(name, most, is_right, optional=False, start=0, size=None):
            return await self._fetch(wanted, name, most, is_right, optional, start, size)

        def progress(done, total):
            self._bytes = (done, total)
            self._show(wanted.id, "downloading", "", "", build)

        async def pause():
            await self._pause(wanted, _AGAIN_MS)

        if build != self._node["build"]:
            staging = Staging(slot, fetch, progress)
            slot = slot_files.other(slot)
            files, sizes = await staging.list_files(release, self._node["build"])
            await staging.fill(files, sizes)
            if not await staging.complete(release, files):
                raise UpdateFault("spoilt", "the slot does not hold what was written to it")
        if image:
            await self._images.fill(image, fetch, progress)
            await self._images.verify(image)
        self._show(wanted.id, "verified", "", "", build)
        self._publish()
        await self._until_welcome(wanted.id, build, pause)
        other = self._images.other if image else None
        await self._restart("update", lambda: self._trial.begin(release, wanted, slot, self._answering(), other))

    async def _start_again(self, beat):
        """The power went, or the new MicroPython failed, before it reached boot.py: let it start once more."""

        async def pause():
            beat.alive()
            self._publish()
            await asyncio.sleep_ms(_TICK_MS)

        trial = self._trial.state["trial"]
        await self._until_welcome(trial["id"], trial["build"], pause)
        await self._restart("update", self._trial.start_image)

    async def _until_welcome(self, name, build, pause):
        """Wait until a restart disturbs nobody, and publish that the trial begins."""
        while True:
            if near_dusk(self._clock.utc_s(), self._clock.uptime_s(), self._node["location"]):
                self._show(name, "waiting", "dusk", "It restarts half an hour after sunset.", build)
            elif self._held():
                self._show(name, "waiting", "busy", self._held(), build)
            else:
                break
            await pause()
        self._show(name, "trial", "", "", build)
        self._publish()

    # -- the web server

    async def _fetch(self, wanted, name, most, is_right, optional=False, start=0, size=None):
        """The bytes of a file beside the release for which is_right(bytes) holds. It is asked for without end.

        optional -- True: None if the server has no such file, or if it is not right
        start, size -- only so many bytes from there on; None: to the end
        """
        place = wanted.place[:3] + (wanted.place[3].rsplit("/", 1)[0] + "/" + name,)
        backoff = Backoff(_RETRY_MS, _RETRY_MAX_MS, self._random)
        data, spoilt = b"", 0
        while True:
            self._go_on(wanted)
            try:
                count = _PIECE if size is None else min(_PIECE, size - len(data))
                piece, whole = await self._client.get(place, start + len(data), count, self._beat.alive)
                if whole > most or whole < start + (size or 0):
                    raise FetchFault("answer", "%s has %d bytes" % (name, whole))
                data += piece
                if len(data) < (whole if size is None else size):
                    await asyncio.sleep_ms(0)
                    continue
                if is_right(data):
                    return data
                if optional:
                    return None
                data, spoilt = b"", spoilt + 1
                if spoilt == _SPOILT_MOST:
                    raise UpdateFault("spoilt", "%s has another content than its hash promises" % name)
                fault = FetchFault("answer", "%s has another content than its hash promises" % name)
            except (LinkFault, FetchFault) as error:
                fault = error
                if optional and fault.word == "absent":
                    return None
            wait_ms = backoff.failed()
            self._log("update: %s; tried again in %d s" % (fault, wait_ms // 1000))
            self._show(wanted.id, "waiting", fault.word, fault.detail)
            await self._pause(wanted, wait_ms)

    def _go_on(self, wanted):
        """Between two pieces: report to the watchdog, publish, and stop if it is not wanted any more."""
        self._beat.alive()
        self._publish()
        if self._wanted is not wanted:
            raise Withdrawn

    async def _pause(self, wanted, wait_ms):
        while wait_ms > 0:
            self._go_on(wanted)
            await asyncio.sleep_ms(min(_TICK_MS, wait_ms))
            wait_ms -= _TICK_MS

    # -- ota/status

    def _end(self, wanted, phase, word, sentence, build):
        self._log("update: %s %s %s" % (phase, word, sentence))
        self._trial.finish(wanted.id, phase, word, sentence, build)
        self._show_outcome()

    def _show_outcome(self):
        trial, last = self._trial.state.get("trial"), self._trial.state.get("last")
        if trial:
            self._show(trial["id"], "trial", "", "", trial["build"])
        elif last:
            self._show(last["id"], last["phase"], last["word"], last["sentence"], last["build"])

    def _show(self, name, phase, word="", sentence="", build=""):
        told = name, phase, word, sentence, build
        if told != self._phase:
            self._phase = told
            self._published = None

    def _publish(self):
        """Publish where it is: each phase at once, bytes now and then; what the link does not take now comes later."""
        if self._phase is None or not self._link.up:
            return
        now = self._clock.uptime_ms()
        moved = self._phase[1] == "downloading" and now - self._published_ms >= _PROGRESS_MS
        if self._published == self._link.connections and not moved:
            return
        name, phase, word, sentence, build = self._phase
        body = {"id": name, "phase": phase, "word": word, "sentence": sentence, "build": build,
                "runs": self._node["build"], "done": self._bytes[0], "total": self._bytes[1]}  # fmt: skip
        if self._link.publish_now(b"ota/status", json.dumps(body)[1:].encode(), 1, True):
            self._published, self._published_ms = self._link.connections, now
