"""Values too large for SWF, and values that SWF must not be able to read.

SWF takes 32,768 characters for an input, a result or details.  A longer text is compressed
and goes into a store (a folder, or S3), and `{"_process_ref": {"sha256": HEX, "size": BYTES}}`
stands for it in the history.  With keys (`PAYLOAD_KEYS`) every text is encrypted, the stored
ones and the short ones, which then stand in the history as
`{"_process_enc": {"k": KEY_ID, "d": BASE64}}` (docs/ARCHITECTURE.md, "Payloads").

`Payloads` is the whole chain; `texts` has it, `codec` the bytes, `stores`, `directory` and
`s3` where they lie.  Nothing here knows SWF or workflows.
"""

from payloads.codec import Codec
from payloads.directory import DirectoryStore
from payloads.s3 import S3Store
from payloads.stores import PayloadStore, Stored
from payloads.texts import Payloads

__all__ = ["Codec", "DirectoryStore", "PayloadStore", "Payloads", "S3Store", "Stored"]
