"""A small writer of OLE files (MS-CFB), so that messages as Outlook saves them can be made: nothing else here can."""

import struct

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def ole(streams: dict[str, bytes]) -> bytes:
    """An OLE file with these streams, in folders (``folder/stream``); each is filled up to 4096 bytes,
    below which others lie elsewhere."""
    parts = [path.split("/") for path in streams]
    folders = {"/".join(part[:depth]) for part in parts for depth in range(1, len(part))}
    names = ["Root Entry", *sorted(folders), *streams]
    chains, data = [], b""
    for content in streams.values():
        filled = content.ljust(4096, b"\0")
        filled += b"\0" * (-len(filled) % _SECTOR)
        chains.append((len(data) // _SECTOR, len(filled)))
        data += filled
    fat = [at + 1 for at in range(len(data) // _SECTOR)]
    for first, size in chains:
        fat[first + size // _SECTOR - 1] = _END
    directory = len(fat)
    sectors = -(-len(names) * 128 // _SECTOR)
    fat += [*range(directory + 1, directory + sectors), _END]
    fat.append(_FAT)
    entries = b"".join(_entry(name, names, streams, chains) for name in names).ljust(sectors * _SECTOR, b"\0")
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(_SECTOR, b"\xff")
    assert len(table) == _SECTOR, "too much for one sector of the table"
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIIII", 0, 1, directory, 0, 4096, _END, 0, _END, 0, len(fat) - 1)
    return head.ljust(_SECTOR, b"\xff") + data + entries + table


def _entry(name: str, names: list[str], streams: dict[str, bytes], chains: list[tuple[int, int]]) -> bytes:
    folder, _, own = name.rpartition("/")
    siblings = [one for one in names[1:] if one.rpartition("/")[0] == folder]
    kind = 5 if name == "Root Entry" else 2 if name in streams else 1
    after = siblings.index(name) + 1 if kind != 5 else 0
    right = names.index(siblings[after]) if kind != 5 and after < len(siblings) else _FREE
    inside = [one for one in names[1:] if one.rpartition("/")[0] == (name if kind == 1 else "")]
    child = names.index(inside[0]) if kind != 2 and inside else _FREE
    start, size = chains[list(streams).index(name)] if kind == 2 else (_END if kind == 5 else 0, 0)
    label = own.encode("utf-16-le")
    head = label.ljust(64, b"\0") + struct.pack("<HBBIII", len(label) + 2, kind, 1, _FREE, right, child)
    return (head + b"\0" * 36 + struct.pack("<IQ", start, size)).ljust(128, b"\0")
