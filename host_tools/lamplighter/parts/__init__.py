"""The catalogue of parts: one TOML file a part in shelf/."""
