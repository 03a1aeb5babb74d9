"""Models that the usual generators make of the published AsyncAPI document: short names, and real messages fit them."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys

import pytest
from generators import ROOT, node_or_skip, run, with_packages
from lamplighter.contract import examples, kinds, parse_topic
from lamplighter.contract.open_schema import type_name
from publisher import Lamp

DOCUMENT = ROOT / "docs/contract/asyncapi.yaml"
MESSAGES = {type_name(kind) for kind in kinds()}


def messages():
    """(type name, payload) of every published example and of what a simulated publisher sends."""
    lamp = Lamp()
    rows = [(row["topic"], row["payload"]) for row in examples.files().values() if row["payload"] is not None]
    for topic, payload, _ in (lamp.started(), lamp.energy(), lamp.parking(), lamp.air(), lamp.alarm("supplyLoss")):
        rows.append((topic, json.loads(payload)))
    return [(type_name(parse_topic(topic).kind), payload) for topic, payload in rows]


@pytest.fixture(scope="module")
def python_models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("python")
    command = [
        sys.executable, "-m", "datamodel_code_generator", "--input", DOCUMENT, "--input-file-type", "asyncapi",
        "--output", folder / "lamppost_models.py", "--output-model-type", "pydantic_v2.BaseModel",
        "--use-title-as-name", "--formatters", "builtin",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("lamppost_models")
    finally:
        sys.path.remove(str(folder))


def test_python_has_a_model_of_every_message_by_its_name(python_models):
    assert MESSAGES - vars(python_models).keys() == set()
    classes = [name for name, value in vars(python_models).items() if isinstance(value, type) and "[" not in name]
    assert max(map(len, classes)) < 32


@pytest.mark.parametrize("name, payload", messages(), ids=lambda one: one if isinstance(one, str) else "")
def test_python_models_take_real_messages_and_what_a_later_version_adds(python_models, name, payload):
    model = getattr(python_models, name).model_validate({**payload, "added_later": 1})
    for key in ("b", "id"):
        assert getattr(model, key, None) == payload.get(key)


def test_python_models_refuse_a_broken_message(python_models):
    from pydantic import ValidationError

    broken = {**dict(messages())["TeleEnergy"], "imp_mwh": "much"}
    with pytest.raises(ValidationError, match="imp_mwh"):
        python_models.TeleEnergy.model_validate(broken)


@pytest.fixture(scope="module")
def typescript(tmp_path_factory):
    """(folder with models.ts, function that compiles files there, {name: text}, and returns the compiler's words)."""
    node = node_or_skip()
    folder = tmp_path_factory.mktemp("typescript")
    script = with_packages(ROOT / "tests/interop/typescript_models.mjs", folder)
    (folder / "models.ts").write_text(run(node, script, DOCUMENT, folder=folder))

    def compiled(files: dict[str, str]) -> str:
        for name, text in files.items():
            (folder / name).write_text('import * as models from "./models";\n' + text)
        command = [node, folder / "node_modules/typescript/bin/tsc", "--noEmit", "--strict", *files]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100).stdout

    return folder, compiled


def test_typescript_has_an_interface_of_every_message_by_its_name(typescript):
    text = (typescript[0] / "models.ts").read_text()
    names = set(re.findall(r"^export (?:interface|type) (\w+)", text, re.MULTILINE))
    assert MESSAGES - names == set()
    assert max(map(len, names)) < 32


def test_typescript_models_take_real_messages_and_refuse_a_broken_one(typescript):
    _, compiled = typescript
    rows = messages()
    uses = "".join(f"const m{at}: models.{name} = {json.dumps(payload)};\n" for at, (name, payload) in enumerate(rows))
    broken = {**dict(rows)["TeleEnergy"], "imp_mwh": "much"}
    said = compiled({"real.ts": uses, "broken.ts": f"const m: models.TeleEnergy = {json.dumps(broken)};\n"})
    assert "Type 'string' is not assignable to type 'number'" in said
    assert "real.ts" not in said and len(said.splitlines()) == 1
