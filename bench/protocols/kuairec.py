"""KuaiRec (Gao et al., CIKM 2022, arXiv 2202.10842, CC BY-SA 4.0): a biased log, and a matrix without gaps."""

from pathlib import Path

import numpy as np

from protocols.data import Bools, Ints, Positives, columns, lists, positives

TRUTH, LOG, TAGS = "kuairec/truth_dev.npz", "kuairec/big_pos.parquet", "kuairec/item_categories.parquet"


class KuaiRec:
    def __init__(self, data: Path) -> None:
        packed = np.load(data / TRUTH)
        self.truth: Bools = np.unpackbits(packed["watched_twice"], axis=1)[:, : int(packed["n_items"])].astype(bool)
        self.users: Ints = packed["users"].astype(np.int64)
        self.items: Ints = packed["items"].astype(np.int64)
        tagged, tags = lists(data / TAGS, "item", "tags")
        self.tags: dict[int, list[int]] = dict(zip(tagged, tags, strict=True))  # type: ignore[arg-type]
        self.log = positives(*columns(data / LOG, "user", "item"), item_count=max(self.tags) + 1)

    def log_of_others(self) -> Positives:
        """The biased log without the viewers of the truth."""
        others = ~np.isin(self.log.users, self.users)
        log = self.log
        return Positives(log.users[others], log.items[others], log.user_count, log.item_count)
