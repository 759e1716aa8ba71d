"""The tensors `(X, Y, loss_mask)` that the loops of the course Happy-LLM (chapter 5) take, from token shards.

In its ddp_pretrain.py or ddp_sft_full.py two lines change: the import of the dataset, and the one that makes it. Nothing is tokenized while training, rows are
filled with several texts where the course pads each, and answers are told from prompts by the mask of the shards:

    from happy_llm import PackedRows
    ...
    train_ds = PackedRows("out/happy-llm-pretrain/shards", max_length=max_seq_len)

`objective="sft"` for shards of conversations. A row has `max_length` places where the course's has one less, since what follows a row's last token is known here.
"""

from __future__ import annotations

from dataprep.torch import PackedDataset
from torch import Tensor
from torch.utils.data import Dataset


class PackedRows(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Rows of a shard set: ids, what follows each of them, and 1 where that counts in the loss."""

    def __init__(self, shards: str, max_length: int = 512, objective: str = "causal") -> None:
        self.rows = PackedDataset(shards, max_length, objective)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        row = self.rows[index]
        counted = row["labels"] >= 0
        # An id where nothing counts must be one of the vocabulary; the loss mask takes it out.
        return row["input_ids"], row["labels"].clamp(min=0), counted.long()
