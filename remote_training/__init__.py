"""The platform of a live-remote exercise trial."""

__version__ = "0.1.0"
