"""The zip itself: written whole or not at all, read with every sum and size checked."""

import contextlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

from sciml.files.format import (
    FORMAT,
    MANIFEST,
    MAX_LEAVES,
    MAX_MANIFEST_BYTES,
    VERSION,
    FileFormatError,
    canonical,
    check_depth,
    digest,
)
from sciml.files.leaves import check_line, decode, encode
from sciml.files.tree import Decoder, Encoder

# A fixed date: the same object gives the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)
# Header of a `.npy` member: magic, length, a padded dictionary.
_MAX_HEADER = 4096


def write(path: Path, value: Any, *, kind: str, config: Any, package_version: str) -> None:
    """Write `value` to `path` through a temporary file in the same folder, synced and renamed.

    Raises:
        TypeError: `value` holds something that has no place in a file; nothing is written then.
    """
    encoder = Encoder()
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "package": package_version,
        "kind": kind,
        "config": Encoder().encode(config, "config"),
        "tree": encoder.encode(value),
    }
    remove_stale(path)
    temporary = path.with_name(f"{path.name}.tmp{os.getpid()}")
    try:
        with open(temporary, "wb") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                manifest["leaves"] = [_write_leaf(archive, i, *leaf) for i, leaf in enumerate(encoder.leaves)]
                manifest["blake2b"] = digest(manifest)
                text = json.dumps(manifest, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=True).encode()
                if max(len(text), len(canonical(manifest))) > MAX_MANIFEST_BYTES:
                    raise TypeError(
                        f"save: the structure takes more than {MAX_MANIFEST_BYTES >> 20} MB; put numbers in arrays."
                    )
                archive.writestr(zipfile.ZipInfo(MANIFEST, _DATE), text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def read(path: Path, *, narrow: bool = False) -> tuple[Any, dict[str, Any]]:
    """Read what `write` wrote.

    Returns:
        The object and the manifest.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: it is truncated, edited, foreign or from a newer version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _read_manifest(archive)
            members = _check_members(archive, manifest, path.stat().st_size)

            def leaf(number: int) -> Any:
                line = manifest["leaves"][number]
                return decode(archive.read(members[line["member"]]), line, narrow=narrow)

            decoder = Decoder(leaf, len(manifest["leaves"]))
            value = decoder.decode(manifest["tree"])
            if decoder.unused:
                raise FileFormatError(f"leaves {decoder.unused[:8]} belong to no place in the structure.")
            return value, manifest
    except FileFormatError as error:
        raise FileFormatError(f"load: {path}: {error}") from error
    except (
        zipfile.BadZipFile,
        EOFError,
        NotImplementedError,
        RecursionError,
        UnicodeDecodeError,
        OverflowError,
    ) as error:
        raise FileFormatError(
            f"load: {path} is not a file of sciml, or it is truncated or damaged ({error})."
        ) from error


def remove_stale(path: Path) -> None:
    """Remove temporary files that killed writers of `path` left behind."""
    for stale in path.parent.glob(f"{_escape(path.name)}.tmp*"):
        owner = stale.name.removeprefix(f"{path.name}.tmp")
        if owner.isdigit() and not _alive(int(owner)):
            stale.unlink(missing_ok=True)


def _escape(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _alive(process: int) -> bool:
    if process == os.getpid() or os.name != "posix":
        return process == os.getpid()
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write_leaf(archive: zipfile.ZipFile, number: int, path: str, value: Any) -> dict[str, Any]:
    data, line = encode(value, path)
    member = f"leaves/{number}.npy"
    archive.writestr(zipfile.ZipInfo(member, _DATE), data)
    return line | {"member": member}


def _read_manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    found = [info for info in archive.infolist() if info.filename == MANIFEST]
    if len(found) != 1:
        raise FileFormatError("this zip holds no manifest of sciml; it is another kind of file.")
    _check_stored(found[0])
    if found[0].file_size > MAX_MANIFEST_BYTES:
        raise FileFormatError(f"the manifest is larger than {MAX_MANIFEST_BYTES >> 20} MB.")
    try:
        manifest = json.loads(archive.read(found[0]))
    except ValueError as error:
        raise FileFormatError(f"the manifest is not JSON ({error}).") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise FileFormatError("this zip was not written by sciml.")
    version = manifest.get("version")
    if type(version) is not int or not 1 <= version <= VERSION:
        raise FileFormatError(
            f"format version {version!r} (written by sciml {manifest.get('package')}); this release reads up to "
            f"{VERSION}: update."
        )
    check_depth(manifest)
    if manifest.get("blake2b") != digest(manifest):
        raise FileFormatError("the manifest does not match its sum; the file was edited or damaged.")
    if not isinstance(manifest.get("leaves"), list) or len(manifest["leaves"]) > MAX_LEAVES or "tree" not in manifest:
        raise FileFormatError("the manifest has no list of leaves or no structure.")
    return manifest


def _check_members(archive: zipfile.ZipFile, manifest: dict[str, Any], size: int) -> dict[str, zipfile.ZipInfo]:
    """Match the members with the manifest: exactly those, stored, of the right size and sum."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        if info.filename in members:
            raise FileFormatError(f"member {info.filename!r} occurs twice.")
        _check_stored(info)
        members[info.filename] = info
    del members[MANIFEST]
    if sum(info.file_size for info in members.values()) > size:
        raise FileFormatError("its members claim more bytes than the file has.")
    expected = {}
    for position, line in enumerate(manifest["leaves"]):
        expected[position] = check_line(line, position)
    names = [line["member"] for line in manifest["leaves"]]
    if sorted(names) != sorted(members):
        raise FileFormatError(f"its members are not those of the manifest: {sorted(set(names) ^ set(members))[:8]}.")
    for position, line in enumerate(manifest["leaves"]):
        info = members[line["member"]]
        if not expected[position] <= info.file_size <= expected[position] + _MAX_HEADER:
            raise FileFormatError(
                f"{line['path']}: {info.file_size} bytes stored for {expected[position]} bytes of values."
            )
        if line["crc32"] != info.CRC:
            raise FileFormatError(f"{line['path']}: its values do not match their sum; the file was edited or damaged.")
    return members


def _check_stored(info: zipfile.ZipInfo) -> None:
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size or info.flag_bits & 1:
        raise FileFormatError(
            f"member {info.filename!r} is compressed or encrypted; files of sciml store their members."
        )


def _sync_folder(folder: Path) -> None:
    # Windows cannot open a folder; the rename is then as durable as the system makes it.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
