"""Writes down what is said in a sound. Runs only as a jailed child of `transcribe.py`; its one argument is JSON:

paths      folders that the packages of the extra `transcribe` are in
model      folder of a Whisper model in CTranslate2's form
sound      one channel of 16 bit at 16 kHz
language   ISO 639-1, or null for the one that is heard
threads    at most
out        where to write {"language", "words": [[from_ms, to_ms, text], …]}
"""

import json
import sys
from pathlib import Path
from typing import Any

NO_SPEECH, DOUBT = 0.6, -0.7
"""What is likely no speech and was guessed at is not said: a hum becomes a word otherwise."""
SURE = 0.5
"""A language less likely than this is none."""


def main() -> None:
    orders = json.loads(sys.argv[1])
    sys.path += orders["paths"]
    Path(orders["out"]).write_text(json.dumps(hear(orders)), "utf-8")


def hear(orders: dict[str, Any]) -> dict[str, Any]:
    import numpy as np
    from faster_whisper import WhisperModel

    model = WhisperModel(
        orders["model"], device="cpu", compute_type="int8", cpu_threads=orders["threads"], local_files_only=True
    )
    sound = np.fromfile(orders["sound"], "<i2").astype(np.float32) / 32_768
    # Without what was said before: one mistake is then not made again and again.
    segments, info = model.transcribe(
        sound,
        language=orders["language"],
        beam_size=5,
        word_timestamps=True,
        vad_filter=True,
        condition_on_previous_text=False,
    )
    is_known = orders["language"] is not None or info.language_probability >= SURE
    said = [one for one in segments if one.no_speech_prob <= NO_SPEECH or one.avg_logprob >= DOUBT] if is_known else []
    words = [[round(w.start * 1000), round(w.end * 1000), w.word] for one in said for w in one.words or ()]
    return {"language": info.language if is_known else "", "words": words}


if __name__ == "__main__":
    main()
