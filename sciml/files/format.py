"""What a file of this package looks like: names, version, limits, sums."""

import hashlib
import json
from typing import Any

FORMAT = "sciml"
VERSION = 1
MANIFEST = "manifest.json"
# No honest model comes near these; a forged file meets them before memory is asked for.
MAX_MANIFEST_BYTES = 16 * 2**20
MAX_DEPTH = 100
MAX_LEAVES = 1_000_000


class FileFormatError(ValueError):
    """The file is not one of ours, is damaged, was edited, or comes from a newer version."""


def canonical(manifest: dict[str, Any]) -> bytes:
    """Give the one byte string of a manifest (without its own sum) that is summed and stored."""
    body = {key: value for key, value in manifest.items() if key != "blake2b"}
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True).encode()


def digest(manifest: dict[str, Any]) -> str:
    """Sum of the canonical manifest, BLAKE2b with 32 bytes, in hexadecimal digits."""
    return hashlib.blake2b(canonical(manifest), digest_size=32).hexdigest()


def check_depth(value: Any, depth: int = 0) -> None:
    """Refuse a structure nested deeper than `MAX_DEPTH` levels of classes, lists or dictionaries."""
    # One level of the object is up to three levels of JSON.
    if depth > 3 * MAX_DEPTH:
        raise FileFormatError(f"the structure is nested deeper than {MAX_DEPTH} levels.")
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        check_depth(child, depth + 1)
