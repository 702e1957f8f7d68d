"""An embedded, durable Amazon SWF: the same API on one machine, without an AWS account.

`python -m local_swf` serves it, `local_swf.daemon` finds or starts one for a folder, and
`local_swf.testing` runs one inside a test. This module imports nothing, so that a client
of the daemon pays nothing for the server.
"""

__version__ = "1.0"
