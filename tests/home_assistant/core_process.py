"""A real Home Assistant core: started on a folder of its own, reached by its REST API."""

from __future__ import annotations

import json
import secrets
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# what MQTT, states and services need; Home Assistant's defaults would also look about in the network
CONFIGURATION = """\
homeassistant:
  name: Street
  time_zone: UTC
  unit_system: metric
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
onboarding:
recorder:
  commit_interval: 1
history:
logger:
  default: warning
  logs:
    homeassistant.components.mqtt: info
"""
CLIENT = "http://127.0.0.1/"


class Core:
    """start(), stop(), and start() again on what it kept. It subscribes to the broker's discovery messages."""

    def __init__(
        self, program: Path, folder: Path, broker_port: int, port: int, pages: bool = False, more: str = ""
    ) -> None:
        """pages -- with its front end, which takes some seconds more; more -- configuration"""
        self.folder = folder
        self.address = f"http://127.0.0.1:{port}"
        self.tokens: dict[str, Any] = {}  # of the first user, as the front end keeps them
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port) + "frontend:\n" * pages + more)
        (folder / ".storage").mkdir()
        (folder / ".storage" / "core.config_entries").write_text(json.dumps(_mqtt_entry(broker_port)))

    def start(self) -> None:
        """Returns when its API answers and it has started."""
        command = [self._program, "-c", self.folder, "--skip-pip", "--log-file", self.folder / "core.log"]
        with (self.folder / "output.log").open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        self.until(self._answers, "Home Assistant's API answers", 60)
        if not self.tokens:
            self.tokens = self._first_user()
        self.until(lambda: self.get("/api/config")["state"] == "RUNNING", "Home Assistant runs", 60)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
            self._process = None

    def get(self, path: str) -> Any:
        return self._ask(path)

    def set_state(self, entity: str, state: str) -> None:
        """Of an entity that is no lamppost's."""
        self._ask(f"/api/states/{entity}", {"state": state})

    def finish_first_steps(self) -> None:
        """The pages of the front end that follow the first user: without these it shows nothing else."""
        self._ask("/api/onboarding/core_config", {})
        self._ask("/api/onboarding/analytics", {})
        self._ask("/api/onboarding/integration", {"client_id": CLIENT, "redirect_uri": CLIENT})

    def states(self) -> dict[str, dict[str, Any]]:
        """{entity: {"state", "attributes"}} of everything that MQTT brought."""
        return {row["entity_id"]: row for row in self.get("/api/states")}

    def state(self, entity: str) -> str | None:
        return self.states().get(entity, {}).get("state")

    def history(self, entities: list[str], since: str) -> list[list[dict[str, Any]]]:
        """The states that its recorder has kept, oldest first, a list an entity. since -- RFC 3339, UTC"""
        return self.get(f"/api/history/period/{since}?filter_entity_id={','.join(entities)}&significant_changes_only=0")

    def call(self, service: str, **data: Any) -> None:
        """call("light.turn_on", entity_id=...)"""
        self._ask(f"/api/services/{service.replace('.', '/')}", data)

    def rendered(self, template: str) -> Any:
        """What Home Assistant makes of a template: its registers are reached by that."""
        return json.loads(self._raw("/api/template", {"template": "{{ (" + template + ") | tojson }}"}))

    def log(self) -> list[str]:
        return (self.folder / "output.log").read_text(errors="replace").splitlines()

    def until(
        self, holds: Callable[[], Any], what: str, within: float = 60, failed: Callable[[], Any] | None = None
    ) -> Any:
        """Wait until holds() is true; its value. The REST API has no events to wait for.

        failed -- what is wrong, for the message of a failure
        """
        end = time.monotonic() + within
        while not (value := holds()):
            assert self._process and self._process.poll() is None, "Home Assistant ended:\n" + "\n".join(
                self.log()[-40:]
            )
            assert time.monotonic() < end, f"not within {within} s: {what} {failed() if failed else ''}"
            time.sleep(0.2)
        return value

    def _answers(self) -> bool:
        try:
            self._raw("/api/onboarding")
        except urllib.error.HTTPError as refused:
            return refused.code != 404
        except OSError:
            return False
        return True

    def _first_user(self) -> dict[str, Any]:
        """As the page that a new Home Assistant shows first."""
        user = {"name": "street", "username": "street", "password": secrets.token_urlsafe(12)}
        code = self._ask("/api/onboarding/users", {"client_id": CLIENT, "language": "en", **user})["auth_code"]
        form = {"client_id": CLIENT, "grant_type": "authorization_code", "code": code}
        body = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(f"{self.address}/auth/token", body)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def _ask(self, path: str, data: dict[str, Any] | None = None) -> Any:
        return json.loads(self._raw(path, data))

    def _raw(self, path: str, data: dict[str, Any] | None = None) -> bytes:
        body = None if data is None else json.dumps(data).encode()
        headers = {"Content-Type": "application/json"}
        if self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens['access_token']}"
        request = urllib.request.Request(f"{self.address}{path}", body, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()


def _mqtt_entry(broker_port: int) -> dict[str, Any]:
    """The MQTT integration as its dialogue would have stored it."""
    now = datetime.now(UTC).isoformat()
    entry = {
        "entry_id": secrets.token_hex(13).upper(), "domain": "mqtt", "title": "127.0.0.1", "source": "user",
        "data": {"broker": "127.0.0.1", "port": broker_port, "protocol": "5"},
        "options": {"discovery": True, "discovery_prefix": "homeassistant"},
        "version": 1, "minor_version": 2, "created_at": now, "modified_at": now, "disabled_by": None,
        "discovery_keys": {}, "pref_disable_new_entities": False, "pref_disable_polling": False, "subentries": [],
        "unique_id": None,
    }  # fmt: skip
    return {"version": 1, "minor_version": 5, "key": "core.config_entries", "data": {"entries": [entry]}}
