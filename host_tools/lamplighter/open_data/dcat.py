"""The description of an export for open-data portals: a DCAT-AP 3 catalogue as JSON-LD, with its context in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..report.period import Period

_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/", "foaf": "http://xmlns.com/foaf/0.1/",
    "spdx": "http://spdx.org/rdf/terms#", "xsd": "http://www.w3.org/2001/XMLSchema#",
}  # fmt: skip
_PARQUET = "https://www.iana.org/assignments/media-types/application/vnd.apache.parquet"


@dataclass(frozen=True)
class Exported:
    """A file of the export; name -- below the folder, with slashes."""

    name: str
    kind: str
    day: str
    rows: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Publisher:
    """url -- under which the folder is published; licence -- URI, or empty"""

    name: str
    url: str
    licence: str = ""


def catalogue(files: list[Exported], titles: dict[str, str], period: Period, publisher: Publisher,
              modified: str) -> dict[str, Any]:  # fmt: skip
    """titles -- {kind: what it holds}; modified -- RFC 3339."""
    base = publisher.url.rstrip("/")
    agent = {"@id": f"{base}/#publisher", "@type": "foaf:Agent", "foaf:name": publisher.name}
    kinds = list(dict.fromkeys(file.kind for file in files))
    datasets = [
        {
            "@id": f"{base}/#{kind}",
            "@type": "dcat:Dataset",
            "dct:title": _english(f"Smart lampposts: {titles[kind].lower()}"),
            "dct:description": _english(
                f"{titles[kind]}, one Parquet file a day, from {period.first} to {period.last}. "
                f"schema/{kind}.json describes the columns and their units."
            ),
            "dct:identifier": f"{base}/#{kind}",
            "dct:publisher": {"@id": agent["@id"]},
            "dct:modified": _typed(modified, "dateTime"),
            "dct:temporal": {
                "@type": "dct:PeriodOfTime",
                "dcat:startDate": _typed(period.begin.isoformat() + "Z", "dateTime"),
                "dcat:endDate": _typed(period.end.isoformat() + "Z", "dateTime"),
            },
            "dcat:distribution": [_distribution(file, publisher, base) for file in files if file.kind == kind],
        }
        for kind in kinds
    ]
    return {
        "@context": _CONTEXT,
        "@graph": [
            {
                "@id": f"{base}/#catalogue",
                "@type": "dcat:Catalog",
                "dct:title": _english("Smart lampposts"),
                "dct:description": _english("Telemetry of smart lampposts by kind and day."),
                "dct:publisher": {"@id": agent["@id"]},
                "dct:modified": _typed(modified, "dateTime"),
                "dcat:dataset": [{"@id": one["@id"]} for one in datasets],
            },
            agent,
            *datasets,
        ],
    }


def _distribution(file: Exported, publisher: Publisher, base: str) -> dict[str, Any]:
    found = {
        "@id": f"{base}/{file.name}#distribution",
        "@type": "dcat:Distribution",
        "dct:title": _english(f"{file.kind} of {file.day}, {file.rows} rows"),
        "dcat:accessURL": {"@id": f"{base}/{file.name}"},
        "dcat:downloadURL": {"@id": f"{base}/{file.name}"},
        "dcat:mediaType": {"@id": _PARQUET},
        "dcat:byteSize": _typed(str(file.size), "nonNegativeInteger"),
        "dct:conformsTo": {"@id": f"{base}/schema/{file.kind}.json"},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": _typed(file.sha256, "hexBinary"),
        },
    }
    if publisher.licence:
        found["dct:license"] = {"@id": publisher.licence}
    return found


def _english(text: str) -> dict[str, str]:
    return {"@value": text, "@language": "en"}


def _typed(text: str, kind: str) -> dict[str, str]:
    return {"@value": text, "@type": f"xsd:{kind}"}
