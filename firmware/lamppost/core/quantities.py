"""Every quantity that a lamppost can measure: decimals and plausible limits; borrowed by core/quantity.py.

One text, because names in a table would stay in the node's memory for ever once the module was loaded.
"""

# name, decimals, lowest, highest plausible as the integer; - stands for no limit
_ROWS = """
u_mv 0 0 500000
u1_mv 0 0 500000
u2_mv 0 0 500000
u3_mv 0 0 500000
i_ma 0 0 200000
i1_ma 0 0 200000
i2_ma 0 0 200000
i3_ma 0 0 200000
p_mw 0 -100000000 100000000
p1_mw 0 -50000000 50000000
p2_mw 0 -50000000 50000000
p3_mw 0 -50000000 50000000
p_mean_mw 0 -100000000 100000000
p_max_mw 0 -100000000 100000000
q_mvar 0 -100000000 100000000
s_mva 0 0 100000000
imp_mwh 0 0 -
exp_mwh 0 0 -
e_mwh 0 0 -
f_mhz 0 40000 70000
pf 2 -100 100
d_mm 0 0 50000
strength 0 0 65535
mag_x_ut 2 -100000 100000
mag_y_ut 2 -100000 100000
mag_z_ut 2 -100000 100000
presence 0 0 1
d_moving_mm 0 0 10000
d_still_mm 0 0 10000
pm1 1 0 10000
pm2_5 1 0 10000
pm4 1 0 10000
pm10 1 0 10000
t 1 -450 900
rh 1 0 1000
p 1 2500 12000
co2 0 0 40000
voc_raw 0 0 65535
nox_raw 0 0 65535
voc_index 0 0 500
nox_index 0 0 500
a0_uv 0 -6144000 6144000
a1_uv 0 -6144000 6144000
a2_uv 0 -6144000 6144000
a3_uv 0 -6144000 6144000
no2 1 -5000 200000
o3 1 -5000 200000
so2 1 -5000 1000000
co 1 -20000 10000000
lux 1 0 2000000
tilt 1 0 1800
ax_mg 0 -16000 16000
ay_mg 0 -16000 16000
az_mg 0 -16000 16000
utc_s 0 0 -
"""


def names():
    """All of them, in their order."""
    return [line.split(" ", 1)[0] for line in _ROWS.strip().split("\n")]


def rows(wanted):
    """{name: (decimals, lowest, highest)}; None for a name that is no quantity, and for a limit that there is not."""
    found = {}
    for name in wanted:
        at = _ROWS.find("\n" + name + " ")
        if at < 0:
            found[name] = None
            continue
        at += len(name) + 2
        decimals, low, high = [None if n == "-" else int(n) for n in _ROWS[at : _ROWS.find("\n", at)].split(" ")]
        found[name] = decimals, low, high
    return found
