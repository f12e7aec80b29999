"""What an upload may be and what its processing may use. Plain numbers; the operator's settings fill them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Settings of `[media]`. The defaults take what phones make, up to ten minutes and 4K."""

    max_size_bytes: int = 4 << 30
    """The largest file that is looked into; the setting in `[uploads]` refuses earlier."""
    max_duration_ms: int = 600_000
    """The longest clip."""
    duration_slack_ms: int = 1_500
    """Forgiven on top of the duration: recorders stop late."""
    min_side_px: int = 16
    """The smallest width and height."""
    max_side_px: int = 4_096
    """The largest width and height."""
    max_pixels: int = 4_096 * 2_304
    """Width times height, at most."""
    max_fps: int = 240
    """Pictures in a second, at most; the output has 60 at most."""
    max_streams: int = 16
    """Streams in one file, at most."""
    probe_cpu_s: int = 2
    """What looking into a file may cost before it is refused as a bomb; large files get a little more."""
    probe_wall_s: int = 30
    """How long looking into a file may take."""
    probe_memory_bytes: int = 2 << 30
    """Address space of a look into a file."""
    encode_memory_bytes: int = 6 << 30
    """Address space of one encoding."""
    encode_cpu_s: int = 4 * 3_600
    """Processor time of one encoding."""
    encode_wall_s: int = 2 * 3_600
    """How long one encoding may take."""
    max_output_bytes: int = 1 << 30
    """The largest file that an encoding may write."""
    threads: int = 2
    """Threads of one encoding."""
    transcribes: bool = True
    """Make captions of what is said in clips, where the extra `transcribe` is installed."""
    speech_model_dir: str = ""
    """Folder of a Whisper model in CTranslate2's form, for other languages than English. Empty: the extra's own."""
