"""Train the network: seeded, and resumed from the last checkpoint."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pipeline.language.tagger import FIRST_PIECE, LAST_PIECE, LINK_WIDTH, NAME_LABELS, UNKNOWN_PIECE
from pipeline.language.wordpieces import LOWER, MIXED, TITLE, UPPER, WINDOW, Ints
from training.attribution_corpora import UNANNOTATED, Example
from training.model import Network

CHECKPOINT, EPOCH = "checkpoint.pt", "epoch-{}.pt"


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings of a training run."""

    epochs: int = 10
    rate: float = 3e-4
    head_rate: float = 1e-3
    warm_up: int = 150  # steps, at most a tenth of all
    batch_pieces: int = 2_560
    link_weight: float = 0.5
    average: float = 0.998  # decay of the moving average of the weights, per step
    averaged_epochs: int = 5  # the last ones; their averages make up the result
    unknown_share: float = 0.05  # of word pieces replaced by the unknown piece
    recased_share: float = 0.06  # of sentences set like headlines: all capitals, or a capital for each word
    rehearsed_share: float = 0.35  # of the rehearsed examples, in each epoch
    seed: int = 7
    threads: int = 2


class Batch(NamedTuple):
    """Windows of similar length."""

    ids: Tensor  # [b, n]
    features: Tensor  # [b, 3, n]
    mask: Tensor  # [b, 1, 1, n]
    labels: Tensor  # [b, n]
    anchors: Tensor  # [b, n] numbers of pieces in the window
    names: Tensor  # [b, n] sets of bits


class View(NamedTuple):
    """A window of an article with its special pieces; fields as in ``Batch``."""

    ids: Ints
    features: Ints
    labels: Ints
    anchors: Ints
    names: Ints


class State(NamedTuple):
    """What a training run resumes from."""

    model: Network
    average: torch.optim.swa_utils.AveragedModel
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LambdaLR


def cut_batches(examples: Sequence[Example], plan: Plan, dice: random.Random) -> list[Batch]:
    """Cut new windows for an epoch, and return them in batches of similar length."""
    windows = [window for example in examples for window in _windows(_recase(example, plan.recased_share, dice), dice)]
    windows.sort(key=lambda window: (len(window.ids), dice.random()))
    batches: list[list[View]] = [[]]
    for window in windows:
        if (len(batches[-1]) + 1) * len(window.ids) > plan.batch_pieces:
            batches.append([])
        batches[-1].append(window)
    dice.shuffle(batches)
    return [_pad(batch) for batch in batches if batch]


def _recase(example: Example, share: float, dice: random.Random) -> Example:
    """Return an article with some sentences set like headlines: all capitals, or a capital for each word."""
    features = example.pieces.features.copy()
    for start, end in pairwise(example.pieces.sentences.tolist()):
        if dice.random() < share:
            before, after = ([LOWER, TITLE, MIXED], UPPER) if dice.random() < 0.6 else ([LOWER], TITLE)
            cases = features[0, start:end]
            features[0, start:end] = np.where(np.isin(cases // 2, before), 2 * after + cases % 2, cases)
    return example._replace(pieces=example.pieces._replace(features=features))


def _windows(example: Example, dice: random.Random) -> Iterator[View]:
    """Cover an article with windows that end with sentences; the first has a random length."""
    firsts = example.pieces.sentences
    start, total = 0, int(firsts[-1])
    limit = dice.randint(WINDOW // 4, WINDOW - 2)
    while start < total:
        end = int(firsts[np.searchsorted(firsts, start + limit, side="right") - 1])
        end = min(end if end > start else start + limit, total)
        inside = slice(start, end)
        anchors = example.anchors[inside] - start
        anchors[(anchors < 0) | (anchors >= end - start)] = UNANNOTATED - 1
        yield View(
            np.concatenate([[FIRST_PIECE], example.pieces.ids[inside], [LAST_PIECE]]),
            np.pad(example.pieces.features[:, inside], ((0, 0), (1, 1))),
            np.pad(example.labels[inside], 1, constant_values=UNANNOTATED),
            np.pad(anchors + 1, 1, constant_values=UNANNOTATED),
            np.pad(example.names[inside], 1, constant_values=UNANNOTATED),
        )
        start, limit = end, WINDOW - 2


def _pad(windows: Sequence[View]) -> Batch:
    length = max(len(window.ids) for window in windows)

    def stack(part: str, filler: int) -> Tensor:
        rows = [getattr(window, part) for window in windows]
        padding = [[(0, 0)] * (row.ndim - 1) + [(0, length - row.shape[-1])] for row in rows]
        return torch.from_numpy(
            np.stack([np.pad(row, pad, constant_values=filler) for row, pad in zip(rows, padding, strict=True)])
        )

    lengths = torch.tensor([len(window.ids) for window in windows])
    mask = (torch.arange(length)[None] < lengths[:, None])[:, None, None]
    annotated = (stack(part, UNANNOTATED) for part in ("labels", "anchors", "names"))
    return Batch(stack("ids", 0), stack("features", 0), mask, *annotated)


BITS = 1 << torch.arange(len(NAME_LABELS))


def loss_of(model: Network, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Return the losses of labels, links and names; zero where a batch has no such annotation."""
    logits, links, names = model(batch.ids, batch.features, batch.mask)
    queries, keys = links.split(LINK_WIDTH, dim=-1)
    scores = queries @ keys.transpose(1, 2) / LINK_WIDTH**0.5
    scores = scores.masked_fill(~batch.mask[:, 0], -1e4)
    return _cross_entropy(logits, batch.labels), _cross_entropy(scores, batch.anchors), _set_loss(names, batch.names)


def _cross_entropy(scores: Tensor, labels: Tensor) -> Tensor:
    total = functional.cross_entropy(scores.flatten(0, 1), labels.flatten(), ignore_index=UNANNOTATED, reduction="sum")
    return total / (labels != UNANNOTATED).sum().clamp(min=1)


def _set_loss(scores: Tensor, allowed: Tensor) -> Tensor:
    """Return the negative log of the summed probability of all allowed labels."""
    is_annotated = (allowed != UNANNOTATED).flatten()
    log_probabilities = functional.log_softmax(scores.flatten(0, 1)[is_annotated], dim=-1)
    is_allowed = (allowed.flatten()[is_annotated][:, None] & BITS) != 0
    losses = -log_probabilities.masked_fill(~is_allowed, -torch.inf).logsumexp(dim=-1)
    return losses.sum() / is_annotated.sum().clamp(min=1)


def train(
    model: Network, examples: Sequence[Example], plan: Plan, folder: Path, rehearsed: Sequence[Example] = ()
) -> Network:
    """Train, resuming from the checkpoint in ``folder`` if there is one.

    Args:
        model: new, or trained before.
        examples: all of them are seen in each epoch.
        plan: the settings.
        folder: for checkpoints.
        rehearsed: examples that the model was trained on before and should not forget; each epoch sees a share.

    Returns:
        The model with the average of its weights over the last epochs.
    """
    torch.set_num_threads(plan.threads)
    folder.mkdir(parents=True, exist_ok=True)
    steps_an_epoch = len(_draw_batches(examples, rehearsed, plan, plan.seed))
    total = int(plan.epochs * steps_an_epoch * 1.01)
    optimizer = _optimizer(model, plan)
    warm_up = min(plan.warm_up, total // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / max(warm_up, 1), max(0.0, (total - step) / (total - warm_up)))
    )
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(plan.average)
    )
    state = State(model, average, optimizer, schedule)
    done = _resume(folder / CHECKPOINT, plan, state)
    for epoch in range(done, plan.epochs):
        torch.manual_seed(plan.seed + epoch)
        batches = _draw_batches(examples, rehearsed, plan, plan.seed + epoch)
        _train_epoch(state, batches, plan, f"epoch {epoch + 1} of {plan.epochs}")
        kept = {"epoch": epoch + 1, "plan": asdict(plan)} | {
            part: getattr(state, part).state_dict() for part in State._fields
        }
        torch.save(kept, folder / f"{CHECKPOINT}.new")
        (folder / f"{CHECKPOINT}.new").replace(folder / CHECKPOINT)
        torch.save(average.module.state_dict(), folder / EPOCH.format(epoch + 1))
    last = range(max(plan.epochs - plan.averaged_epochs, 0), plan.epochs)
    states = [torch.load(folder / EPOCH.format(epoch + 1), weights_only=True) for epoch in last]
    model.load_state_dict({name: sum(state[name] for state in states) / len(states) for name in states[0]})
    return model


def _draw_batches(examples: Sequence[Example], rehearsed: Sequence[Example], plan: Plan, seed: int) -> list[Batch]:
    dice = random.Random(seed)
    drawn = dice.sample(rehearsed, round(plan.rehearsed_share * len(rehearsed)))
    return cut_batches([*examples, *drawn], plan, dice)


def _optimizer(model: Network, plan: Plan) -> torch.optim.Optimizer:
    untrained = ("labels", "links", "names", "features")
    heads = [weight for name, weight in model.named_parameters() if name.split(".")[0] in untrained]
    rest = [
        weight
        for name, weight in model.named_parameters()
        if name.split(".")[0] not in untrained and weight.requires_grad
    ]
    matrices = [weight for weight in rest if weight.ndim > 1]
    others = [weight for weight in rest if weight.ndim <= 1]
    return torch.optim.AdamW(
        [
            {"params": matrices, "lr": plan.rate, "weight_decay": 0.01},
            {"params": others, "lr": plan.rate, "weight_decay": 0.0},
            {"params": heads, "lr": plan.head_rate, "weight_decay": 0.0},
        ]
    )


def _train_epoch(state: State, batches: Sequence[Batch], plan: Plan, name: str) -> None:
    model, average, optimizer, schedule = state
    model.train()
    start, pieces, sums = time.monotonic(), 0, np.zeros(3)
    for number, batch in enumerate(batches, 1):
        label_loss, link_loss, name_loss = loss_of(model, _hide_some(batch, plan.unknown_share))
        optimizer.zero_grad(set_to_none=True)
        (label_loss + plan.link_weight * link_loss + name_loss).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        pieces += int(batch.mask.sum())
        sums += label_loss.item(), link_loss.item(), name_loss.item()
        if number % 50 == 0 or number == len(batches):
            rate = pieces / (time.monotonic() - start)
            labels, links, names = sums / number
            print(
                f"{name}, step {number} of {len(batches)}: labels {labels:.4f}, links {links:.4f}, names {names:.4f}, "
                f"{rate:,.0f} pieces/s",
                flush=True,
            )


def _hide_some(batch: Batch, share: float) -> Batch:
    """Return the batch with some word pieces unknown, so that the model relies on no single one."""
    hidden = (torch.rand(batch.ids.shape) < share) & (batch.ids > LAST_PIECE)
    return batch._replace(ids=batch.ids.masked_fill(hidden, UNKNOWN_PIECE))


def _resume(path: Path, plan: Plan, state: State) -> int:
    """Load a checkpoint into ``state``, and return the number of epochs done."""
    if not path.exists():
        return 0
    kept = torch.load(path, weights_only=True)
    if kept["plan"] != asdict(plan):
        raise SystemExit(f"{path} was made with {json.dumps(kept['plan'])}; remove it, or train with the same settings")
    for part in State._fields:
        getattr(state, part).load_state_dict(kept[part])
    return int(kept["epoch"])
