"""Two harbours that don't exist: on an open coast, and at the end of a narrow bay."""

from tide import Constituent

PLOVER_SANDS = [
    Constituent("M2", 1.62, 118.0),
    Constituent("S2", 0.55, 161.0),
    Constituent("N2", 0.33, 97.0),
    Constituent("K1", 0.09, 12.0),
    Constituent("O1", 0.07, 334.0),
]

LITTLE_HAVEN = [
    Constituent("M2", 3.41, 171.0),
    Constituent("S2", 1.20, 218.0),
    Constituent("N2", 0.64, 150.0),
    Constituent("K1", 0.07, 120.0),
    Constituent("O1", 0.08, 2.0),
]
