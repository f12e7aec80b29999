"""The picture that a link to a text post shows: its words on its ground, set by libass inside the jail with the fonts
of this machine. Where no font has one of the letters there is none: boxes in their place would say nothing."""

import asyncio
import math
import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from freehold.domain.post import TINTS, Look
from freehold.media.jail import Jail, JailLimits, ffmpeg_path
from freehold.media.outputs import MediaFile, plain_file
from freehold.media.process import MediaFault, run

WIDTH_PX, HEIGHT_PX = 1_200, 630
"""What sites show large: 1.91 to 1."""
MARGIN_PX = 80
SIZES_PX = (140, 110, 84, 64, 48, 38)
LINE_EM, LETTER_EM, WIDEST_EM = 1.05, 0.6, 0.9
"""How high a line is, and how wide a letter as a rule and at most; what is wide fills an em."""
INKS = {Look.PAPER: "#1a231d", Look.MARIGOLD: "#251a04"}
INK = "#f7f5ec"
FONT_PATHS = (
    "/etc/fonts", "/usr/share/fontconfig", "/usr/share/fonts", "/usr/local/share/fonts", "/var/cache/fontconfig",
)  # fmt: skip
BOUNDS = JailLimits(memory_bytes=3 << 30, cpu_s=20, file_bytes=16 << 20, open_files=64)
WALL_S = 15.0
"""Whoever posts waits for it."""
AT_ONCE = 2
"""So many are drawn at once; who posts meanwhile waits as long at most."""
CARD = "card.jpg"
MISSING = re.compile(r"glyph 0x([0-9A-Fa-f]+)")
WORD_JOINER = "\u2060"
STYLE = (
    "Name, Fontname, Fontsize, PrimaryColour, Bold, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV,"
    " Encoding"
)
EVENT = "Start, End, Style, Text"


def set_words(words: str) -> tuple[int, list[str]]:
    """The size in pixels in which they fit, the largest there is, and their lines, cut where they do not fit in any."""
    lines = [line.strip() for line in words.expandtabs(1).strip().splitlines()]
    spaced = [word for word in words.split() if not any(_is_wide(one) for one in word)]
    for size_px in SIZES_PX:
        width_em, rows = (WIDTH_PX - 2 * MARGIN_PX) / size_px, int((HEIGHT_PX - 2 * MARGIN_PX) / (LINE_EM * size_px))
        broken = [part for line in lines for part in _broken(line, width_em)]
        is_whole = all(_width_em(word, WIDEST_EM) <= width_em for word in spaced)
        if is_whole and sum(_rows(line, width_em) for line in broken) <= rows:
            return size_px, broken
    return size_px, _cut(broken, width_em, rows)


def _cut(lines: Sequence[str], width_em: float, rows: int) -> list[str]:
    kept: list[str] = []
    for line in lines:
        room = rows - sum(_rows(one, width_em) for one in kept)
        if room < 1 or _rows(line, width_em) > room:
            most = int(room * width_em / LETTER_EM) - 2
            last = [line[:most].rpartition(" ")[0] or line[:most]] if room > 0 else []
            kept += last
            break
        kept.append(line)
    while kept and not kept[-1]:
        kept.pop()
    return [*kept[:-1], kept[-1] + "…"]


def _broken(line: str, width_em: float) -> list[str]:
    """What has no spaces to be broken at is broken where a line is full."""
    parts = [""]
    for word in re.split("( )", line):
        if _width_em(word, WIDEST_EM) <= width_em:
            parts[-1] += word
            continue
        for one in word:
            if _width_em(parts[-1].rpartition(" ")[2] + one, WIDEST_EM) > width_em:
                parts.append("")
            parts[-1] += one
    return parts


def _width_em(text: str, letter_em: float = LETTER_EM) -> float:
    return sum(1.0 if _is_wide(one) else letter_em for one in text)


def _rows(line: str, width_em: float) -> int:
    return max(1, math.ceil(_width_em(line) / width_em))


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def script_of(words: str, look: Look) -> str:
    """As a subtitle that is shown once (Advanced SubStation Alpha, v4.00+); nothing in the words is a command."""
    size_px, lines = set_words(words)
    told = "\\N".join(line.replace("\\", "\\" + WORD_JOINER).replace("{", "\\{").replace("}", "\\}") for line in lines)
    red, green, blue = (INKS.get(look, INK)[at : at + 2] for at in (1, 3, 5))
    style = f"sans-serif,{size_px},&H00{blue}{green}{red},-1,1,0,0,5,{MARGIN_PX},{MARGIN_PX},{MARGIN_PX},-1"
    return (
        f"[Script Info]\nScriptType: v4.00+\nPlayResX: {WIDTH_PX}\nPlayResY: {HEIGHT_PX}\nWrapStyle: 0\n\n"
        f"[V4+ Styles]\nFormat: {STYLE}\nStyle: Words,{style}\n\n"
        f"[Events]\nFormat: {EVENT}\nDialogue: 0:00:00.00,0:00:09.00,Words,{told}\n"
    )


def card_argv(ffmpeg: Path, look: Look, out: Path) -> list[str]:
    """`words.ass` is in the folder that it runs in, so that no path is part of a filter."""
    ground = f"color=c={TINTS[look].replace('#', '0x')}:s={WIDTH_PX}x{HEIGHT_PX}:d=1"
    return [
        os.fspath(ffmpeg), "-nostdin", "-hide_banner", "-nostats", "-y", "-loglevel", "warning", "-threads", "1",
        "-f", "lavfi", "-i", ground, "-vf", "ass=words.ass:shaping=complex,format=yuvj420p",
        "-frames:v", "1", "-map_metadata", "-1", "-c:v", "mjpeg", "-q:v", "3", "-fflags", "+bitexact",
        "-flags:v", "+bitexact", "-f", "image2", "-update", "1", f"file:{out}",
    ]  # fmt: skip


async def draw_card(words: str, look: Look, out_dir: Path, jail: Jail) -> MediaFile | None:
    """None where this machine has no font for one of the letters, or nothing else is said. Raises BackendError."""
    folder = out_dir.resolve() / "card"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    missing = await _draw(words, look, folder, jail)
    if any(_is_said(one) for one in missing):
        return None
    left = words.translate(dict.fromkeys(map(ord, missing)))
    if not left.strip():
        return None
    if left != words:
        await _draw(left, look, folder, jail)
    return plain_file(folder / CARD, "card", "image/jpeg", WIDTH_PX, HEIGHT_PX)


async def _draw(words: str, look: Look, folder: Path, jail: Jail) -> set[str]:
    """Which of the characters no font has."""
    await asyncio.to_thread((folder / "words.ass").write_text, script_of(words, look), "utf-8")
    fonts = [Path(font_path) for font_path in FONT_PATHS if Path(font_path).exists()]
    argv = card_argv(ffmpeg_path(), look, folder / CARD)
    ended = await run(jail.command(argv, fonts, [folder], BOUNDS), WALL_S)
    if ended.status != 0 or not (folder / CARD).exists():
        raise MediaFault(f"no card was drawn (status {ended.status}): {ended.stderr[-500:]}")
    return {chr(int(one, 16)) for one in MISSING.findall(ended.stderr)}


def _is_said(character: str) -> bool:
    """Letters and digits, unlike signs and little pictures, which may be left out."""
    return unicodedata.category(character)[0] in "LN"
