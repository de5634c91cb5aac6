"""In what the programme counts: units in hundreds, crews and kits in tens, money in millions."""

UNIT, CREW, MONEY = 100.0, 10.0, 1e6
