"""Fixtures of the page's tests over HTTP: the embedded SWF, a stage, a browser-less visitor."""

from __future__ import annotations

from tests.contract.steering.conftest import definitions, stage

__all__ = ["definitions", "stage"]
