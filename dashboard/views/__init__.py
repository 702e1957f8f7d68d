"""One module for each part of the site; each has its routes."""

from dashboard.views import actions, execution, listing

ROUTES = [*listing.ROUTES, *actions.ROUTES, *execution.ROUTES]

__all__ = ["ROUTES"]
