"""Makes a configuration from questions and answers; the rules of the whole document check each answer at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..contract.sentences import sentence
from ..parts import catalogue
from .config_file import SECRETS, Document, check, faults
from .rules import senses_of

WIFI_VARIABLE, BROKER_VARIABLE = "LAMP_WIFI", "LAMP_MQTT"
OPEN = "open"

Ask = Callable[[str, str, bool], str]  # (question, default, hidden) -> answer, the default for an empty one
Say = Callable[[str], None]
Path = tuple[str | int, ...]


class Interview:
    """`board` -- board.json of the lamppost. `document` holds what is known so far and is complete after run()."""

    def __init__(self, board: dict[str, Any], ask: Ask, say: Say):
        self._board, self._ask, self._say = board, ask, say
        self.document: dict[str, Any] = {
            "v": 1, "site": "site", "node": "node", "wifi": {"ssid": "wifi"}, "mqtt": {"host": "broker", "port": 1883},
        }  # fmt: skip

    def run(self) -> dict[str, Any]:
        """Ask for everything that a lamppost cannot do without, and for what is fitted on it.

        Raises ConfigInvalid where the answers do not fit each other.
        """
        self._set(("site",), "Site: the city or district, in every topic", "")
        self._set(("node",), "Node: this lamppost's name within the site", "lp-0001")
        self._set(("asset",), "Number on the pole", self.document["node"].upper())
        self._set(("wifi", "ssid"), "WiFi: name of the network", "")
        secrets = self._wifi_password()
        self._set(("mqtt", "host"), "Broker: name or address", "broker.lan")
        self._set(("mqtt", "port"), "Broker: port", "1883", int)
        if self._optional(("mqtt", "user"), "Broker: user name (Enter: none)"):
            self._say(f"Its password is taken from ${BROKER_VARIABLE} at each `lamplighter configure`.")
            secrets["mqtt"] = BROKER_VARIABLE
        self._parts()
        check(Document(self.document, "the answers"), self._board)
        for section, variable in secrets.items():  # last, as the variables need not be set here
            self.document[section]["password"] = {"$env": variable}
        return self.document

    def _set(self, path: Path, question: str, default: str, convert: Callable[[str], Any] = str) -> None:
        """Ask until the answer is one that the document may hold at this path."""
        while not self._taken(path, self._ask(question, default, False), convert):
            pass

    def _optional(self, path: Path, question: str, convert: Callable[[str], Any] = str) -> bool:
        """As _set(), but an empty answer leaves the key out; whether there was an answer."""
        while answer := self._ask(question, "", False):
            if self._taken(path, answer, convert):
                return True
        return False

    def _taken(self, path: Path, answer: str, convert: Callable[[str], Any] = str) -> bool:
        """Put the answer into the document; without it, and with a sentence, where the rules refuse it."""
        *above, key = path
        place: Any = self.document
        for step in above:
            place = place[step]
        before = place.get(key)
        try:
            place[key] = convert(answer)
        except ValueError:
            place[key] = answer
        wrong = [sentence(where, cause) for where, cause in faults(self.document, self._board) if where == path]
        if wrong:
            self._say(wrong[0])
            place.pop(key)
            if before is not None:
                place[key] = before
        return not wrong

    def _wifi_password(self) -> dict[str, str]:
        """A password in the file, none for an open network, or {"wifi": the variable that it is taken from}."""
        self._say(f"Press Enter to take the password from ${WIFI_VARIABLE} at each `configure`; type {OPEN} for none.")
        while answer := self._ask("WiFi: password", "", True):
            if answer == OPEN or self._taken(("wifi", "password"), answer):
                return {}
        return {"wifi": WIFI_VARIABLE}

    def _parts(self) -> None:
        doc = self.document
        for row in self._board.get("fitted", []):
            if not self._yes(f"{row['id']}: {catalogue.get(row['part']).name} on bus {row['bus']}. Fitted?"):
                continue
            doc.setdefault("parts", []).append(row)
            senses = senses_of(row["part"])
            if senses == "energy":
                doc.setdefault("energy", {"part": row["id"]})
            elif senses == "air":
                doc.setdefault("air", {"parts": []})["parts"].append(row["id"])
            elif senses in ("light", "tilt"):
                doc.setdefault("light" if senses == "light" else "pole", {"part": row["id"]})
            elif senses != "time":
                self._bay(row["id"], senses)

    def _bay(self, part: str, senses: str) -> None:
        bays = self.document.setdefault("parking", [])
        bays.append({"bay": "", "part": part})
        path = ("parking", len(bays) - 1)
        self._set((*path, "bay"), f"{part}: name of the parking bay that it watches", part.removeprefix("bay-"))
        if senses == "distance":
            question = "Distance to the ground of the empty bay in mm (Enter: learned)"
            self._optional((*path, "empty_mm"), question, int)

    def _yes(self, question: str) -> bool:
        while True:
            answer = self._ask(question + " (y/n)", "y", False).lower()
            if answer in ("y", "yes", "n", "no"):
                return answer[0] == "y"
            self._say("Answer y or n.")


def variables(document: dict[str, Any]) -> list[str]:
    """The environment variables that its passwords are taken from."""
    found = [document[section].get(key) for section, key in SECRETS if section in document]
    return [secret["$env"] for secret in found if isinstance(secret, dict)]
