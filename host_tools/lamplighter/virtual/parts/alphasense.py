"""Electrochemical B4 cells of Alphasense on their boards (ISB): gas in the air becomes two voltages.

Alphasense application note AAN 803: the working electrode sees the gas and a background current, the auxiliary one the
background alone; both ride on the zero of the electronics. The factor between the backgrounds depends on temperature
(note's table for algorithm 1, -30 to 50 degrees in steps of ten). So the algorithm turns these voltages back exactly;
how the background itself grows with warmth is a model of this file's.
"""

FACTORS = {
    "no2": (1.3, 1.3, 1.3, 1.3, 1.0, 0.6, 0.4, 0.2, -1.5),  # NO2-B43F
    "o3": (0.9, 0.9, 1.0, 1.3, 1.5, 1.7, 2.0, 2.5, 3.7),  # OX-B431, which sees NO2 as well
    "co": (0.7, 0.7, 0.7, 0.7, 1.0, 3.0, 3.5, 4.0, 4.5),  # CO-B4
    "so2": (1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.9, 3.0, 5.8),  # SO2-B4
}
# the sheet of a cell that is nobody's, within what makers' sheets say: zeros of the electronics and of the auxiliary
# electrode in mV, sensitivities in mV/ppb
SHEETS = {
    "no2": {"we_e_mv": 225, "ae_e_mv": 240, "ae_0_mv": 4, "mv_per_ppb": 0.31, "no2_mv_per_ppb": 0},
    "o3": {"we_e_mv": 230, "ae_e_mv": 235, "ae_0_mv": 3, "mv_per_ppb": 0.38, "no2_mv_per_ppb": 0.33},
    "co": {"we_e_mv": 340, "ae_e_mv": 345, "ae_0_mv": 5, "mv_per_ppb": 0.42, "no2_mv_per_ppb": 0},
    "so2": {"we_e_mv": 355, "ae_e_mv": 345, "ae_0_mv": 2, "mv_per_ppb": 0.3, "no2_mv_per_ppb": 0},
}
COLDEST = -30


def factor(gas, celsius):
    """Between the rows of the note's table as straight lines, beyond them as at its ends."""
    rows = FACTORS[gas]
    place = max(0, min(len(rows) - 1, (celsius - COLDEST) / 10))
    low = min(len(rows) - 2, int(place))
    return rows[low] + (rows[low + 1] - rows[low]) * (place - low)


class Cell:
    """options: gas (no2, o3, co, so2); we, ae (inputs of its electrodes); what else its sheet says, as in SHEETS."""

    def __init__(self, options):
        self._sheet = dict(SHEETS[options["gas"]])
        self._sheet.update(options)

    def volts(self, values):
        """{input: volts} in this air: values no2, o3, co, so2 in ppb, celsius."""
        sheet, celsius = self._sheet, values["celsius"]
        background = sheet["ae_0_mv"] * 2 ** ((celsius - 20) / 20)
        seen = values[sheet["gas"]] * sheet["mv_per_ppb"] + values["no2"] * sheet["no2_mv_per_ppb"]
        working = sheet["we_e_mv"] + factor(sheet["gas"], celsius) * background + seen
        return {sheet["we"]: working / 1000, sheet["ae"]: (sheet["ae_e_mv"] + background) / 1000}
