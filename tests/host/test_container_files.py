"""The container files fit the tool: command lines, variables, files. No container is started here."""

import re
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from lamplighter.cli import lamplighter

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "wheel")]

import container_files  # noqa: E402


@pytest.mark.parametrize("service", container_files.TOOL)
def test_the_tool_takes_the_command_line_and_the_variables_of_each_service(service, monkeypatch):
    one = container_files.services(container_files.example())[service]
    ran = []
    monkeypatch.setattr(click.Command, "invoke", lambda command, context: ran.append(command.name))
    done = CliRunner().invoke(lamplighter, one["command"], env=one["environment"])
    assert done.exit_code == 0 and ran[-1:] == [{"store": "run"}.get(service, service)], done.output
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "host_tools").rglob("*.py"))
    unknown = [name for name in one["environment"] if name not in sources]
    assert not unknown, unknown


def test_every_variable_is_in_the_example_and_none_besides():
    text = (container_files.FOLDER / "compose.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", text)) == set(container_files.example())


@pytest.mark.parametrize("name", ["PLATFORM_PASSWORD", "DATABASE_PASSWORD", "WEB_PASSWORD", "BROKER_KEY"])
def test_nothing_starts_while_a_password_or_key_is_not_set(name):
    with pytest.raises(KeyError, match=name):
        container_files.services({**container_files.example(), name: ""})


def test_every_mounted_file_is_there_and_no_service_of_the_tool_may_write_but_its_volume():
    for name, one in container_files.services(container_files.example()).items():
        for source in (volume.partition(":")[0] for volume in one.get("volumes", ())):
            assert not source.startswith(".") or (container_files.FOLDER / source).exists(), source
        if name in container_files.TOOL:
            assert one["read_only"] and one["cap_drop"] == ["ALL"] and "user" not in one


def test_ports_without_encryption_are_open_to_this_computer_alone():
    published = [
        port for one in container_files.services(container_files.example()).values() for port in one.get("ports", ())
    ]
    assert [port for port in published if not port.startswith("127.0.0.1:")] == ["8883:8883"]


def test_the_image_is_made_from_the_wheel_and_does_not_run_as_root():
    text = (container_files.FOLDER / "Containerfile").read_text(encoding="utf-8")
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]
    assert len(stages) == 2 and "COPY lamplighter-*.whl" in stages[0]
    assert re.search(r"^USER 10001$", stages[1], re.MULTILINE)
    assert stages[1].index("USER 10001") < stages[1].index('ENTRYPOINT ["lamplighter"]')
