"""`python -m bench`: print the figures; nothing is asserted, for machines differ.

python -m bench [latency] [throughput] [idle] [--runs N] [--executions N]
python -m bench endpoint [--clients 1 4 16] [--quick] [--moto FOLDER] [--closed N]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from bench import endpoint, five_steps, idle


def main() -> int:
    """Run the measurements named, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="latency, throughput, idle, endpoint"
    )
    parser.add_argument("--runs", type=int, default=100, help="executions for the latency")
    parser.add_argument("--executions", type=int, default=500, help="executions at once")
    parser.add_argument("--seconds", type=float, default=60, help="how long idleness is watched")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16], metavar="N")
    parser.add_argument("--quick", action="store_true", help="the endpoint in a third of the calls")
    parser.add_argument("--moto", type=Path, metavar="FOLDER", help="environment, made if missing")
    parser.add_argument(
        "--closed", type=int, default=5_000, metavar="N", help="executions closed for the memory"
    )
    options = parser.parse_args()
    measurements: dict[str, Callable[[], Iterable[object]]] = {
        "latency": lambda: five_steps.latency(options.runs),
        "throughput": lambda: five_steps.throughput(options.executions),
        "idle": lambda: idle.idle(options.seconds),
        "endpoint": lambda: endpoint.endpoint(
            options.clients, quick=options.quick, moto=options.moto, closed=options.closed
        ),
    }
    unknown = set(options.names) - measurements.keys()
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(measurements)}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}")
    for name in options.names or measurements:
        print(f"\n{name}")
        for row in measurements[name]():
            print(f"  {row}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
