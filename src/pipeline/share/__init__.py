"""What leaves a data set: tables without the articles' words, and reviewed quotes to train and measure with."""

from pipeline.share.export import export_without_text
from pipeline.share.gold import GoldCount, write_gold

__all__ = ["GoldCount", "export_without_text", "write_gold"]
