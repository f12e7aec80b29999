"""Which demuxer may open a file, decided by its first bytes, never by its name."""

from typing import Literal

from freehold.media.refusals import MediaRefusal

Container = Literal["mov", "matroska", "mpegts"]

SNIFF_BYTES = 1_024
_TS_PACKET = 188
_BOXES = frozenset((b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp"))
_STILL_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif"))
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<MPD", b"<?xml", b"[playlist]", b"#EXT-X", b"file ", b"concat:", b"v=0")
_STILLS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\0", b"MM\0*", b"BM")
_SOUNDS = (b"ID3", b"OggS", b"fLaC", b"#!AMR", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1", b"\xff\xf9")


def sniff(head: bytes) -> Container:
    """`head`: the first SNIFF_BYTES of the file. Raises MediaRefusal."""
    if not head:
        raise MediaRefusal("media-empty")
    if head[4:8] in _BOXES:
        if head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS:
            raise MediaRefusal("media-still-image")
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    syncs = head[::_TS_PACKET]
    if len(syncs) >= 3 and set(syncs) == {0x47}:
        return "mpegts"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(_PLAYLISTS):
        raise MediaRefusal("media-playlist")
    if head.startswith(_STILLS) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        raise MediaRefusal("media-still-image")
    if head.startswith(_SOUNDS) or (head.startswith(b"RIFF") and head[8:12] == b"WAVE"):
        raise MediaRefusal("media-no-video")
    raise MediaRefusal("media-container")
