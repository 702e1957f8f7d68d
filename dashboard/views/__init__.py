"""One module for each part of the site; each has its routes."""

from dashboard.views import (
    actions,
    bulk,
    definitions,
    execution,
    health,
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
    *bulk.ROUTES,
    *health.ROUTES,
]

__all__ = ["ROUTES"]
