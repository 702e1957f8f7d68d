"""What comes from others: their versions, hashes, licences and known faults.

python -m tests.supply.lock         # writes requirements.lock and requirements-telemetry.lock
python -m tests.supply.licences     # exit code 1 where a licence is not among those allowed
python -m tests.supply.audit        # exit code 1 where a version has a known vulnerability
"""
