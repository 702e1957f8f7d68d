"""One module for each part of the site; each has its routes."""

from dashboard.views import (
    actions,
    definitions,
    execution,
    listing,
    simulations,
    starting,
)

ROUTES = [
    *listing.ROUTES,
    *actions.ROUTES,
    *execution.ROUTES,
    *definitions.ROUTES,
    *simulations.ROUTES,
    *starting.ROUTES,
]

__all__ = ["ROUTES"]
