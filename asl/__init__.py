"""Amazon States Language: reading definitions, filling them in, and validating them.

Pure: text and values in, values and diagnostics out.
"""

from asl.diagnostics import Diagnostic, DocumentError
from asl.reading import Source, of, read
from asl.substitution import substitute
from asl.validation import errors_of, is_valid, validate

__all__ = [
    "Diagnostic",
    "DocumentError",
    "Source",
    "errors_of",
    "is_valid",
    "of",
    "read",
    "substitute",
    "validate",
]
