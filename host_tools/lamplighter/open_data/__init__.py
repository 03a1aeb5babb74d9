"""The store's records as open data: Parquet files by day and kind, with checksums and a DCAT-AP description."""
