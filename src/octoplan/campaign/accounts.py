"""Balance of the unit accounts, and stocks at the end of each month."""

from octoplan.campaign.compiled import kernel
from octoplan.campaign.delivery import UnitStocks
from octoplan.campaign.future_state import Branch, Model
from octoplan.campaign.production import current_block
from octoplan.scenario.arrays import Ints, Records


@kernel
def unit_imbalance(plants: Records, waiting: Ints, stocks: UnitStocks) -> int:
    """Largest imbalance of the unit accounts over designs, in units; 0 if the accounts balance.

    The imbalance of a design is |produced - scrapped - lost - diverted - spent - in transit - in stock|. A negative
    stock counts as an imbalance of its size.

    waiting
        (plants, blocks) good units in stock at the plants.
    """
    designs = stocks.produced.shape[0]
    blocks = stocks.stock.shape[1] // designs
    worst = 0
    for d in range(designs):
        difference = stocks.produced[d] - stocks.scrapped[d] - stocks.lost[d] - stocks.spent[d] - stocks.transit[d]
        difference -= stocks.diverted[d]
        for r in range(stocks.stock.shape[0]):
            for c in range(d * blocks, (d + 1) * blocks):
                difference -= stocks.stock[r, c]
                worst = max(worst, -stocks.stock[r, c])
        for p in range(plants.shape[0]):
            if plants[p].design == d:
                difference -= waiting[p].sum()
        worst = max(worst, abs(difference))
    return worst


@kernel
def check_unit_accounts(model: Model, branch: Branch, imbalance: Ints) -> None:
    """Update ``imbalance`` (1,), the largest imbalance so far, with the unit accounts of a branch."""
    difference = unit_imbalance(model.entities.plants, branch.state.plants.stock, branch.state.units)
    imbalance[0] = max(imbalance[0], difference)


@kernel
def tally_stocks(model: Model, branch: Branch, day: int) -> None:
    """Write the stocks to the tallies if ``day`` is the last day of its tally row, a month or a single day."""
    tally_row = model.links.tally_row
    row = tally_row[day]
    if day + 1 < tally_row.shape[0] and tally_row[day + 1] == row:
        return
    tally, state, released, rates = branch.tally, branch.state, model.constants.released, model.constants.rates
    plants, units = state.plants, state.units
    designs, blocks = released.shape
    for p in range(plants.heads.shape[0]):
        tally.heads[row, p] = plants.heads[p]
        tally.experience[row, p] = plants.experience[p]
        tally.plant_stock[row, p] = plants.stock[p].sum()
        for n in range(state.parts.on_hand.shape[1]):
            tally.part_stock[row, p, n] = state.parts.on_hand[p, n]
            tally.part_due[row, p, n] = state.parts.on_order[p, n]
    for d in range(designs):
        tally.transit[row, d] = units.transit[d]
        tally.block[row, d] = current_block(released[d], day) + 1
        for r in range(units.stock.shape[0]):
            tally.stock[row, r, d] = units.stock[r, d * blocks : (d + 1) * blocks].sum()
    for c in range(rates.shape[1]):
        tally.exchange[row, c] = rates[day, c]
    tally.crews[row] = state.crews.trained[0]
    tally.kits[row] = state.crews.kits[0]
