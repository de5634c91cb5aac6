"""A small valid scenario that uses every kind of link, condition and distribution; tests modify copies of it."""

from pathlib import Path

PROGRAMME = """\
title = "Small"
start = 2025-11-01
months = 4
price_base = 2025
currency = "GBP"
missile_layer = "missile"

[currencies.GBP]
[currencies.UAH]
[payers.home]
title = "Home treasury"
[payers.away]
[countries.here]
currency = "GBP"
payer = "home"
[countries.there]
currency = "UAH"
payer = "away"
[gates.licence]
[gates.tooling]
after = ["licence"]
[parts.motor]
[parts.camera]
[designs.squid]
[designs.squid.parts]
motor = 4
camera = 1
[designs.whelk]
[plants.works]
country = "here"
design = "squid"
gates = ["licence", "tooling"]
lanes = ["road", "air"]
learning = "crawford"
[plants.yard]
country = "there"
region = "west"
design = "squid"
gates = []
lanes = ["road"]
learning = "wright"
[causes.ban]
[suppliers.motors-a]
part = "motor"
country = "here"
causes = ["ban"]
[suppliers.motors-b]
part = "motor"
country = "there"
[suppliers.cameras]
part = "camera"
country = "there"
causes = ["ban"]
[lanes.road]
payer = "away"
[lanes.air]
payer = "home"
[regions.west]
title = "The west"
tile = [0, 1]
[regions.east]
tile = [1, 1]
[corridors.border-east]
origin = "border"
into = "east"
[corridors.east-west]
origin = "east"
into = "west"
[packages.drones]
[packages.missiles]
[threats.drone]
package = "drones"
[threats.decoy]
package = "drones"
decoy = true
[threats.ballistic]
package = "missiles"
interceptable = false
direct = true
[layers.gun]
payer = "away"
limited = true
[layers.missile]
payer = "away"
stocked = true
[makers.others]
design = "whelk"
payer = "away"
[crews]
payer = "away"
[kits]
payer = "home"
"""

DECISIONS = """\
[output]
works = [0, 0, 250]
yard = [100]
[lines]
works = [
  1,
  2,
]
[orders]
cover = "30 days"
[orders.works]
motor = [4000, 2000]
[sourcing]
motors-a = 0.7
[crews]
intake = [40, 60]
[kits]
order = 20
[crew_share]
west = 3
"*" = 1
[dispatch]
rule = "cover"
[doctrine]
queue = "deadline"
stock = "newest"
prefer = ["squid", "whelk"]
[doctrine.drone]
layers = ["interceptor", "gun"]
max_shots = 3
[doctrine.decoy]
layers = ["gun", "interceptor"]
max_shots = 1
[doctrine.ballistic]
layers = ["missile"]
value = 20
[budget]
home = "200 MGBP"
"""

SOURCES = """\
id,title,publisher,date,url,licence
study,A study,A press,2026-01-01,https://example.org/study,CC-BY-4.0
news,"Some news, in print",A paper,2026-02-01,,
"""

ASSUMPTION_HEADER = "name,value,low,high,distribution,unit,price_base,source,quality,owner,date,note"

ASSUMPTION_ROWS = """\
currencies.*.inflation,,0.01,0.05,normal,1/year,
currencies.UAH.rate,,0.015,0.021,lognormal,1,
currencies.UAH.volatility,10 %,,,,,
currencies.UAH.drift,-0.05,,,fixed,1,
countries.*.jobs_multiplier,1,0.5,2,triangular,1,
countries.*.hours_per_job,1700,,,fixed,hour,
countries.*.value_added_share,0.4,,,fixed,1,
gates.licence.duration,6 to 14,,,lognormal,weeks,
gates.tooling.duration,6 weeks,4 weeks,12 weeks,pert,,
plants.*.line_rate,300 units/month,,,fixed,,
plants.*.line_capital,1.2 MGBP,,,fixed,,2024
plants.*.heads,20,,,fixed,1,
plants.*.hire_rate,1,,,fixed,workers/day,
plants.*.hours_per_head,7,,,fixed,hours,
plants.*.hours_first,,8,20,gamma,hour,
plants.*.slope,,0.8,0.95,beta,1,
plants.works.slope,,0.8,0.9,uniform,1,
plants.*.retained,0.8:1; 0.9:3,,,discrete,1,
plants.*.yield_first,0.7,,,fixed,1,
plants.*.yield_mature,0.95,,,fixed,1,
plants.*.yield_units,500,,,fixed,units,
plants.*.labour_rate,20,,,fixed,GBP/hour,2025
plants.yard.labour_rate,400; 450; 500,,,empirical,UAH/hour,2023
plants.*.overhead,3000 GBP/day,,,fixed,,2025
plants.*.royalty,0 GBP,,,fixed,,2025
plants.*.retool,2 weeks,,,fixed,,
plants.yard.exposure,0.001,,,fixed,1,
plants.yard.hit_days,20,,,fixed,days,
plants.yard.power_loss,0.5,,,fixed,1,
causes.ban.mtbf,5 years,,,fixed,,
causes.ban.mttr,60 days,,,fixed,,
suppliers.*.lead,5 weeks,,,fixed,,
suppliers.*.lead_cv,0.3,,,fixed,1,
suppliers.*.capacity,9000 parts/month,,,fixed,,
suppliers.*.price,,9,15,lognormal,GBP,2025
suppliers.cameras.price,,2000,3000,lognormal,UAH,2025
suppliers.*.min_order,100,,,fixed,parts,
suppliers.*.mtbf,2 years,,,fixed,,
suppliers.*.mttr,20 days,,,fixed,,
lanes.*.transit,7,,,fixed,day,
lanes.*.transit_cv,0.2,,,fixed,1,
lanes.*.capacity,100,,,fixed,1/day,
lanes.*.cost,30 GBP,,,fixed,,2025
lanes.*.loss,0,,,fixed,1,
lanes.*.mtbf,200,,,fixed,day,
lanes.*.mttr,3,,,fixed,day,
regions.*.power_exposure,0.01,,,fixed,1,
regions.*.power_days,1,,,fixed,day,
regions.*.grounded_winter,30 %,,,fixed,,
regions.*.grounded_summer,10 %,,,fixed,,
regions.*.spell,2,,,fixed,day,
corridors.*.share,1,,,fixed,1,
corridors.*.transit,40,,,fixed,minutes,
raids.salvo_share,0.1,,,fixed,1,
raids.salvo_stay,0.1,,,fixed,1,
raids.level,1,,,fixed,1,
raids.growth,0,,,fixed,%/year,
raids.wander,0.2,,,fixed,1,
raids.wander_time,30,,,fixed,day,
raids.begin,0,,,fixed,1,
packages.*.routine_mean,10,,,fixed,1/day,
packages.*.routine_cv,0.8,,,fixed,1,
packages.*.salvo_mean,40,,,fixed,1/day,
packages.*.salvo_cv,0.5,,,fixed,1,
packages.*.quiet,0,,,fixed,1,
packages.*.coupling,0.6,,,fixed,1,
packages.*.span,6 hours,,,fixed,,
packages.*.concentration,20,,,fixed,1,
splits.*.*.share,1,,,fixed,1,
splits.drones.west.share,3,,,fixed,1,
threats.*.mix,1,,,fixed,1,
threats.*.unit_cost,35 kGBP,,,fixed,,2025
threats.*.damage,1 MGBP,,,fixed,,2025
threats.*.damage_cv,2,,,fixed,1,
threats.decoy.p_discriminate,0.5,,,fixed,1,
threats.*.engagement,8,,,fixed,minutes,
threats.*.engagement_cv,0.5,,,fixed,1,
engagement.*.*.window,25,,,fixed,minute,
engagement.drone.*.p_contact,,0.28,0.46,beta,1,
engagement.decoy.*.p_contact,0.4,,,fixed,1,
layers.*.cost,4000 GBP,,,fixed,,2025
layers.*.correlation,0.03,,,fixed,1,
layers.missile.stock,200,,,fixed,shots,
layers.missile.resupply,20 shots/month,,,fixed,,
posts.gun.*.capacity,30,,,fixed,1/day,
effects.*.*.p,0.4,,,fixed,1,
effects.*.*.shots,2,,,fixed,shots,
designs.*.release_interval,6 weeks,,,fixed,,
designs.*.release_cv,0.3,,,fixed,1,
designs.*.p_recover,0.3,,,fixed,1,
lethality.*.*.p_kill,0.67,,,fixed,1,
lethality.*.*.p_floor,0.4,,,fixed,1,
lethality.*.*.decay,90,,,fixed,day,
makers.*.stock,1000,,,fixed,units,
makers.*.rate_start,500,,,fixed,1/day,
makers.*.rate_full,1000,,,fixed,1/day,
makers.*.ramp,90,,,fixed,day,
makers.*.price,2500 GBP,,,fixed,,2025
crews.initial,200,,,fixed,crews,
crews.course,6 weeks,,,fixed,,
crews.washout,0.2,,,fixed,1,
crews.attrition,0.001,,,fixed,1/day,
crews.on_duty,0.5,,,fixed,1,
crews.cost,100,,,fixed,GBP/day,2025
crews.course_cost,5 kGBP,,,fixed,,2025
kits.initial,250,,,fixed,kits,
kits.lead,90 days,,,fixed,,
kits.attrition,0.001,,,fixed,1/day,
kits.price,20 kGBP,,,fixed,,2025
finance.discount_rate,3.5,,,fixed,%/year,
finance.optimism_bias,0.1,,,fixed,1,
"""

ASSUMPTIONS = (
    ASSUMPTION_HEADER + "\n" + "".join(f"{row},study,amber,tests,2026-02-03,\n" for row in ASSUMPTION_ROWS.splitlines())
)

CORRELATIONS = """\
a,b,rank_correlation,source,note
suppliers.*.price,suppliers.cameras.price,0.6,study,both follow metals
suppliers.*.price,plants.*.hours_first,-0.3,,
"""

FILES = {
    "programme.toml": PROGRAMME,
    "assumptions.csv": ASSUMPTIONS,
    "decisions.toml": DECISIONS,
    "sources.csv": SOURCES,
    "correlations.csv": CORRELATIONS,
}


def write(folder: Path, files: dict[str, str] | None = None) -> Path:
    """Write a scenario folder, by default the small scenario, with unchanged line endings; return its path."""
    folder.mkdir(exist_ok=True)
    for name, text in (FILES if files is None else files).items():
        (folder / name).write_bytes(text.encode())
    return folder


def line_of(file: str, beginning: str) -> int:
    """Number of the first line with the given beginning in a file of the small scenario."""
    lines = FILES[file].splitlines()
    return 1 + next(number for number, line in enumerate(lines) if line.startswith(beginning))
