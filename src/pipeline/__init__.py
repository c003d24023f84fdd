"""The package behind ``onrecord``: a module for each step from raw records to tables. Import ``onrecord`` to use it."""
