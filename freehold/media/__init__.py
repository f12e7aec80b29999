"""From an uploaded file to playable renditions. A library over local files: it knows no database, HTTP or blob store.

    probe(path, limits, jail)                                  what the file is, or MediaRefusal
    ladder(probe)                                              which renditions are made from it
    encode_first(source, probe, out_dir, limits, jail, report) the lowest rendition, poster, strip, waveform, hash
    encode_rest(..., lowest=path)                              the other renditions, and HLS for a clip over a minute

Everything that parses or decodes an upload runs in the jail (`open_jail`).
"""
