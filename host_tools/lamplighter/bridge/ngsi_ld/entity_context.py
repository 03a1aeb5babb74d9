"""The @context of each type: the names of Smart Data Models that the bridge uses, and what each stands for.

Taken from the contexts of the subjects Streetlighting, Parking, Environment and Energy of https://smartdatamodels.org
(CC BY 4.0), and pinned here: entities mean the same tomorrow, and no broker has to fetch anything. Brokers know the
core context of NGSI-LD by themselves.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from ...documents import atomic_file

SUBJECTS = {
    "Streetlight": "streetlighting",
    "ParkingSpot": "parking",
    "OnStreetParking": "parking",
    "AirQualityObserved": "environment",
    "ACMeasurement": "energy",
}
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"


def of_type(kind: str, hosted: str | None = None) -> list[Any]:
    """The @context of an entity. hosted -- address of the folder with the files that write() has written."""
    subject = SUBJECTS[kind]
    return [f"{hosted.rstrip('/')}/{subject}.jsonld" if hosted else _terms(subject), CORE]


def iri(kind: str) -> str:
    """The full name of a type, as a broker has it."""
    return _terms(SUBJECTS[kind])[kind]


def write(folder: Path) -> list[Path]:
    """Write the files, for a web server from which brokers and their users fetch them. Raises FileRefused."""
    written = []
    for subject in dict.fromkeys(SUBJECTS.values()):
        path = folder / f"{subject}.jsonld"
        atomic_file.write(path, _text(subject).encode(), "Name another folder.")
        written.append(path)
    return written


@cache
def _terms(subject: str) -> dict[str, str]:
    return json.loads(_text(subject))["@context"]


def _text(subject: str) -> str:
    return (resources.files(__name__.rpartition(".")[0]) / "contexts" / f"{subject}.jsonld").read_text("utf-8")
