"""Every quantity that a lamppost can measure: decimals and plausible limits; borrowed by core/quantity.py.

In texts, because names in a table would stay in the node's memory for ever once the module was loaded; in several,
because one of a kilobyte finds no room in a heap that has been used for a while.
"""

# decimals, lowest, highest plausible as the integer, - for no limit; and the quantities that have these
_ROWS = (
    """
0 0 500000,u_mv,u1_mv,u2_mv,u3_mv,
0 0 200000,i_ma,i1_ma,i2_ma,i3_ma,
0 -100000000 100000000,p_mw,p_mean_mw,p_max_mw,q_mvar,
0 -50000000 50000000,p1_mw,p2_mw,p3_mw,
0 0 100000000,s_mva,
""",
    """
0 0 -,imp_mwh,exp_mwh,e_mwh,utc_s,
0 40000 70000,f_mhz,
2 -100 100,pf,
0 0 50000,d_mm,
0 0 65535,strength,voc_raw,nox_raw,
2 -100000 100000,mag_x_ut,mag_y_ut,mag_z_ut,
0 0 1,presence,
""",
    """
0 0 10000,d_moving_mm,d_still_mm,
1 0 10000,pm1,pm2_5,pm4,pm10,
1 -450 900,t,
1 0 1000,rh,
1 2500 12000,p,
0 0 40000,co2,
0 0 500,voc_index,nox_index,
""",
    """
0 -6144000 6144000,a0_uv,a1_uv,a2_uv,a3_uv,
1 -5000 200000,no2,o3,
1 -5000 1000000,so2,
1 -20000 10000000,co,
1 0 2000000,lux,
1 0 1800,tilt,
0 -16000 16000,ax_mg,ay_mg,az_mg,
""",
)


def names():
    """All of them, in their order."""
    return [name for text in _ROWS for row in text.split("\n") for name in row.split(",")[1:-1]]


def rows(wanted):
    """{name: (decimals, lowest, highest)}; None for a name that is no quantity, and for a limit that there is not."""
    found = {}
    for name in wanted:
        found[name] = None
        for text in _ROWS:
            at = text.find("," + name + ",")
            if at >= 0:
                at = text.rfind("\n", 0, at) + 1
                decimals, low, high = [None if n == "-" else int(n) for n in text[at : text.find(",", at)].split(" ")]
                found[name] = decimals, low, high
    return found
