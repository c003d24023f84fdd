"""What the store costs at a million articles; see ``__main__``."""
