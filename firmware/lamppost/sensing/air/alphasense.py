"""Alphasense B4 pairs on their boards (ISB): two voltages, the sensor's own calibration and the temperature make ppb.

Source: Alphasense, application note AAN 803, algorithm 1: the auxiliary electrode's excess over its zero, times a
factor of the temperature, is taken from the working electrode's. The maker calls it a first step: what a street needs
beyond it is a calibration beside a reference instrument.

A record is what came with one sensor, and only for that one:
    gas       "no2", "o3" (an OX sensor: answers to NO2 as well), "co" or "so2"
    id, date  of the sensor, and of its calibration
    we, ae    inputs of the converter, 0..3
    we_zero_uv, ae_zero_uv   electronic zeros of the board
    nv_ppb    sensitivity in nanovolts a ppb, as it comes out of the board; may be negative, not 0
    nt        rows (Cel, factor in thousandths), rising, as the note's table has them for the kind of sensor
    zero      rows (Cel, uV) that are taken off besides, for kinds whose zero moves by itself; may be missing
    no2_nv_ppb   of an OX sensor: its sensitivity to NO2; without, that to O3
"""


def between(rows, t):
    """The value at `t` tenths of Cel among rows (Cel, value), straight between two; beyond the ends, the end's."""
    low = rows[0]
    for high in rows:
        if t <= high[0] * 10:
            wide = (high[0] - low[0]) * 10
            return low[1] + (high[1] - low[1]) * (t - low[0] * 10) // wide if wide else high[1]
        low = high
    return low[1]


def excess(record, reading, t):
    """Microvolts of the working electrode above zero air; None where one of the two voltages is missing.

    reading -- {"a0_uv": ...} of an ADS1115; t -- tenths of Cel
    """
    we, ae = reading.get("a%d_uv" % record["we"]), reading.get("a%d_uv" % record["ae"])
    if we is None or ae is None:
        return None
    aux = (ae - record["ae_zero_uv"]) * between(record["nt"], t) // 1000
    return we - record["we_zero_uv"] - aux - (between(record["zero"], t) if "zero" in record else 0)


def gases(records, reading, t):
    """{gas: tenths of ppb, or None where it cannot be known} for each record.

    t -- None where no part tells the temperature: then no gas is known. Ozone needs the NO2 of the same moment.
    """
    found = {}
    for record in sorted(records, key=lambda record: record["gas"] == "o3"):
        gas = record["gas"]
        uv = None if t is None else excess(record, reading, t)
        nv = None if uv is None else uv * 1000
        if gas == "o3" and nv is not None:
            no2 = found.get("no2")
            nv = None if no2 is None else nv - no2 * record.get("no2_nv_ppb", record["nv_ppb"]) // 10
        found[gas] = None if nv is None else (20 * nv + record["nv_ppb"]) // (2 * record["nv_ppb"])
    return found
