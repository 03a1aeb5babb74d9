"""The unit of each quantity of core/quantities.py; loaded for `info` and the self-test."""

# UCUM unit, UNECE Rec 20 code (- where it has none), and what is measured in it
_ROWS = (
    """
mV 2Z,u_mv,u1_mv,u2_mv,u3_mv,
uV D82,a0_uv,a1_uv,a2_uv,a3_uv,
mA 4K,i_ma,i1_ma,i2_ma,i3_ma,
mW C31,p_mw,p1_mw,p2_mw,p3_mw,p_mean_mw,p_max_mw,
mV.A{reactive} -,q_mvar,
mV.A -,s_mva,
""",
    """
mW.h -,imp_mwh,exp_mwh,e_mwh,
mHz MTZ,f_mhz,
1 C62,pf,strength,presence,voc_raw,nox_raw,voc_index,nox_index,
mm MMT,d_mm,d_moving_mm,d_still_mm,
uT D81,mag_x_ut,mag_y_ut,mag_z_ut,
""",
    """
ug/m3 GQ,pm1,pm2_5,pm4,pm10,
Cel CEL,t,
% P1,rh,
hPa A97,p,
[ppm] 59,co2,
[ppb] 61,no2,o3,so2,co,
lx LUX,lux,
deg DD,tilt,
m[g] -,ax_mg,ay_mg,az_mg,
s SEC,utc_s,
""",
)


def of(name):
    """(UCUM unit, UNECE Rec 20 code or "") of a quantity. Raises KeyError."""
    for text in _ROWS:
        at = text.find("," + name + ",")
        if at >= 0:
            at = text.rfind("\n", 0, at) + 1
            ucum, rec20 = text[at : text.find(",", at)].split(" ")
            return ucum, "" if rec20 == "-" else rec20
    raise KeyError(name)
