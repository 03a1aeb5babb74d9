"""A street as GeoJSON (RFC 7946): one point a lamppost, from its retained `info` and `state`."""

from __future__ import annotations

from typing import Any

from .state import Telemetry


def feature_collection(telemetry: Telemetry) -> tuple[dict[str, Any], list[str]]:
    """(FeatureCollection, names of lampposts whose `info` has no location). Coordinates are [longitude, latitude]."""
    features, without = [], []
    for (site, name), node in sorted(telemetry.nodes.items()):
        info = node.last["info"].message if "info" in node.last else {}
        place = info.get("location")
        if not place:
            without.append(f"{site}/{name}")
            continue
        features.append(
            {
                "type": "Feature",
                "id": f"{site}/{name}",
                "geometry": {"type": "Point", "coordinates": [place["lon"], place["lat"]]},
                "properties": {
                    "site": site,
                    "node": name,
                    "asset": info.get("asset"),
                    "state": node.state,
                    "board": info.get("board"),
                    "firmware": info.get("firmware"),
                    "parts": [row["part"] for row in info.get("parts", [])],
                    "alarms": sorted(node.alarms),
                },
            }
        )
    return {"type": "FeatureCollection", "features": features}, without
