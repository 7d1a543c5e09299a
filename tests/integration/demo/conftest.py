"""Clusters to make databases in."""

from tests.integration.embedded.conftest import cluster, directory, made_cluster

__all__ = ["cluster", "directory", "made_cluster"]
