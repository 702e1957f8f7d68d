"""Known vulnerabilities of the locked versions, telemetry's too, as pip-audit knows them.

Where the advisories cannot be asked (no network, a mirror without them) that is said and is no
failure: the check is for machines that can.
"""

from __future__ import annotations

import json
import subprocess
import sys

from tests.supply.lock import ROOT, TELEMETRY_LOCK

SECONDS = 120


def main() -> int:
    """Ask, and print what is found; gives the exit code: 1 where a version is vulnerable."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", TELEMETRY_LOCK.name, "--disable-pip"),
        *("--require-hashes", "--format", "json", "--progress-spinner", "off", "--timeout", "10"),
    ]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        told = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return could_not_ask("no answer in time")
    except ValueError:
        return could_not_ask(type_of(done.stderr))
    return judged(told)


def judged(told: dict[str, list[dict[str, object]]]) -> int:
    """The exit code for pip-audit's JSON, and its findings, printed."""
    packages = told["dependencies"]
    vulnerable = [package for package in packages if package.get("vulns")]
    for package in vulnerable:
        for fault in package["vulns"]:  # type: ignore[attr-defined]
            fixed = ", ".join(fault["fix_versions"]) or "no version"
            print(f"{package['name']} {package['version']}: {fault['id']}; mended in {fixed}")
    skipped = [package for package in packages if "skip_reason" in package]
    if len(skipped) == len(packages):
        return could_not_ask("every package was skipped")
    if not vulnerable:
        print(f"{len(packages) - len(skipped)} packages, no known vulnerability")
    return 1 if vulnerable else 0


def could_not_ask(why: str) -> int:
    """Say so; no failure."""
    print(f"The advisories could not be asked ({why}): nothing is known of vulnerabilities")
    return 0


def type_of(trace: str) -> str:
    """The exception's name at the end of a trace: its text may name hosts."""
    lines = [line for line in trace.splitlines() if line.strip()]
    return lines[-1].partition(":")[0].strip()[:80] if lines else "no output"


if __name__ == "__main__":
    sys.exit(main())
