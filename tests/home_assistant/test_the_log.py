"""Runs last: the log of all that the other tests did. A whole run is recorded for the docs and the short tests."""

import json
import re
from pathlib import Path

from home_assistant import run_page
from home_assistant.paper import ACCEPTED, announcement
from home_assistant.test_real_lamppost import ALARM, BAY, FOLLOWS, ID, LIGHT, ONLINE, VOLTAGE

# of its start without optional libraries and without pip, and of how much these tests make it log
NOT_OURS = (
    "homeassistant.bootstrap", "aiohttp_fast_zlib", "homeassistant.components.camera.img_util",
    "homeassistant.util.logging",
)  # fmt: skip


def test_home_assistant_finds_nothing_to_complain_about(street, request, passed):
    heads = [re.match(r"\S+ \S+ (WARNING|ERROR|CRITICAL) \(.*?\) \[([^]]+)] ", line) for line in street.core.log()]
    wrong = [head.string for head in heads if head and head[2] not in NOT_OURS]
    assert not wrong, "\n".join(wrong)
    whole = {item.path for item in request.session.items} == set(Path(__file__).parent.glob("test_*.py"))
    if whole and len(passed) == request.session.testscollected - 1:
        core = street.core.get("/api/config")["version"]
        record = {"core": core, "message": announcement()}
        ACCEPTED.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")
        shown = [ONLINE, VOLTAGE, ALARM, BAY, LIGHT, FOLLOWS]
        history = street.core.history(shown, street.began)
        run_page.write(core, [*passed, request.node.name], history, f"{ID}_")
